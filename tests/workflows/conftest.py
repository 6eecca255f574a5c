from tests.databases import (  # noqa: F401 - fixtures
    database_settings,
    database_url,
    postgres,
    sqlite_template,
    store,
)
