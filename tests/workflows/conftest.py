from tests.databases import database_url, postgres, sqlite_template  # noqa: F401 - fixtures
