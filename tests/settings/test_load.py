"""Loading: who wins, what is refused, and in which words."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from digest.errors import SettingsError
from digest.settings import Settings, load
from digest.settings.sources import line_numbers


@pytest.fixture(autouse=True)
def _in_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def toml(text: str, name: str = "digest.toml") -> Path:
    file = Path(name)
    file.write_text(text, encoding="utf-8")
    return file


def secret(text: str, mode: int = 0o600) -> str:
    file = Path("secret").resolve()
    file.write_bytes(text.encode())
    file.chmod(mode)
    return str(file)


def refusal(
    config: Path | None = None,
    environ: dict[str, str] | None = None,
    explicit: dict[str, object] | None = None,
) -> SettingsError:
    with pytest.raises(SettingsError) as caught:
        load(config, environ or {}, explicit=explicit)
    assert caught.value.hint
    assert caught.value.exit_code == 3
    return caught.value


# --- who wins ----------------------------------------------------------------------------------


def test_nothing_set_gives_the_defaults() -> None:
    loaded = load(environ={})
    assert loaded.settings == Settings()
    assert set(loaded.origins.values()) == {"default"}
    assert loaded.file is None


def test_each_source_wins_over_those_below_it() -> None:
    toml("[edition]\nhour = 1\nconcepts = 1\nstories = 1\n")
    environ = {"DIGEST_EDITION__HOUR": "2", "DIGEST_EDITION__CONCEPTS": "2"}
    loaded = load(environ=environ, explicit={"edition.hour": 3})
    edition = loaded.settings.edition
    assert (edition.hour, edition.concepts, edition.stories, edition.zone) == (3, 2, 1, "UTC")
    assert loaded.origins["edition.hour"] == "given"
    assert loaded.origins["edition.concepts"] == "environment DIGEST_EDITION__CONCEPTS"
    assert loaded.origins["edition.stories"] == "digest.toml:4"
    assert loaded.origins["edition.zone"] == "default"


def test_a_bad_value_that_is_overridden_does_no_harm() -> None:
    toml("[edition]\nhour = 99\n")
    assert load(environ={"DIGEST_EDITION__HOUR": "5"}).settings.edition.hour == 5


def test_config_wins_over_the_variable_and_that_over_the_working_folder() -> None:
    toml('[site]\ntitle = "here"\n')
    toml('[site]\ntitle = "variable"\n', "variable.toml")
    option = toml('[site]\ntitle = "option"\n', "option.toml")
    environ = {"DIGEST_CONFIG": "variable.toml"}
    assert load(environ={}).settings.site.title == "here"
    assert load(environ={"DIGEST_CONFIG": ""}).settings.site.title == "here"
    assert load(environ=environ).settings.site.title == "variable"
    assert load(option, environ).settings.site.title == "option"
    assert load(option, environ).file == option


@pytest.mark.parametrize(
    ("config", "environ", "named_by"),
    [
        (Path("gone.toml"), {}, "--config"),
        (None, {"DIGEST_CONFIG": "gone.toml"}, "DIGEST_CONFIG"),
    ],
)
def test_a_named_file_that_is_missing_is_an_error(
    config: Path | None, environ: dict[str, str], named_by: str
) -> None:
    error = refusal(config, environ)
    assert error.message == f"gone.toml: there is no such file, though {named_by} names it"


def test_the_environment_of_the_process_is_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DIGEST_EDITION__HOUR", "4")
    assert load().settings.edition.hour == 4


def test_lists_in_the_environment_have_commas_or_are_json() -> None:
    environ = {"DIGEST_DELIVERY__RETRY_MINUTES": "1, 2,3"}
    assert load(environ=environ).settings.delivery.retry_minutes == [1, 2, 3]
    environ = {"DIGEST_FEEDS__ALLOW_PRIVATE": '["127.0.0.0/8", "::1/128"]'}
    assert load(environ=environ).settings.feeds.allow_private == ["127.0.0.0/8", "::1/128"]
    error = refusal(environ={"DIGEST_FEEDS__ALLOW_PRIVATE": '["127.0.0.0/8"'})
    assert "feeds.allow_private is no JSON list" in error.message


def test_an_empty_path_is_an_unset_one() -> None:
    toml('[paths]\ncontent = ""\n')
    settings = load(environ={"DIGEST_SMTP__CA_FILE": ""}).settings
    assert settings.paths.content is None
    assert settings.smtp.ca_file is None


def test_variables_that_are_no_settings_are_left_alone() -> None:
    environ = {"DIGEST_DEBUG": "1", "HOME": "/", "DIGESTION": "x", "_DIGEST_COMPLETE": "x"}
    assert load(environ=environ).settings == Settings()


def test_the_links_of_a_kubernetes_service_named_digest_are_left_alone() -> None:
    links = {
        "DIGEST_SERVICE_HOST": "10.0.0.1",
        "DIGEST_SERVICE_PORT": "80",
        "DIGEST_SERVICE_PORT_HTTP": "80",
        "DIGEST_PORT": "tcp://10.0.0.1:80",
        "DIGEST_PORT_80_TCP_ADDR": "10.0.0.1",
    }
    assert load(environ=links).settings == Settings()
    assert "DIGEST_PORT is no setting" in refusal(environ={"DIGEST_PORT": "80"}).message


# --- secrets in files --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [("pass", "pass"), ("pass\n", "pass"), ("pass\r\n", "pass"), (" pa ss \n\n", " pa ss \n")],
)
def test_a_secret_file_loses_one_newline_and_nothing_else(text: str, expected: str) -> None:
    name = secret(text)
    environ = {"DIGEST_SMTP__PASSWORD_FILE": name, "DIGEST_SMTP__USERNAME": "letters"}
    loaded = load(environ=environ)
    assert loaded.settings.smtp.password.get_secret_value() == expected
    assert loaded.origins["smtp.password"] == f"file {name} (DIGEST_SMTP__PASSWORD_FILE)"


def test_former_keys_stand_one_in_a_line() -> None:
    environ = {"DIGEST_OLD_SECRET_KEYS_FILE": secret("a" * 32 + "\n" + "b,b" * 11 + "\n")}
    keys = [key.get_secret_value() for key in load(environ=environ).settings.old_secret_keys]
    assert keys == ["a" * 32, "b,b" * 11]


@pytest.mark.parametrize("mode", [0o644, 0o604, 0o602])
def test_a_secret_file_open_to_everybody_is_refused(mode: int) -> None:
    name = secret("hunter2", mode)
    error = refusal(environ={"DIGEST_SMTP__PASSWORD_FILE": name})
    assert f"{mode:04o}" in error.message
    assert f"chmod 600 {name}" in error.message
    assert "hunter2" not in str(error)


@pytest.mark.parametrize("mode", [0o600, 0o400, 0o440, 0o640])
def test_a_secret_file_closed_to_others_is_taken(mode: int) -> None:
    environ = {"DIGEST_SECRET_KEY_FILE": secret("k" * 32, mode)}
    assert load(environ=environ).settings.secret_key.get_secret_value() == "k" * 32


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: "gone", "No such file"),
        (lambda: str(Path.cwd()), "Is a directory"),
        (lambda: "", "names no file"),
        (lambda: secret(""), "the file is empty"),
        (lambda: secret("\n"), "the file is empty"),
        (lambda: secret("x" * 70_000), "more than 65536 bytes"),
    ],
)
def test_a_secret_file_that_gives_nothing_is_refused(make: object, words: str) -> None:
    assert callable(make)
    error = refusal(environ={"DIGEST_SMTP__PASSWORD_FILE": make()})
    assert words in error.message
    assert "smtp.password" in error.message


def test_a_secret_that_is_no_text_is_refused() -> None:
    name = secret("x")
    Path(name).write_bytes(b"\xff\xfe")
    error = refusal(environ={"DIGEST_SMTP__PASSWORD_FILE": name})
    assert "is not UTF-8 text" in error.message


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_secret_file_of_somebody_else_is_refused() -> None:
    error = refusal(environ={"DIGEST_SMTP__PASSWORD_FILE": secret("x", 0o000)})
    assert "Permission denied" in error.message


def test_a_secret_given_twice_is_refused() -> None:
    environ = {"DIGEST_SMTP__PASSWORD": "a", "DIGEST_SMTP__PASSWORD_FILE": secret("b")}
    assert "keep one of the two" in refusal(environ=environ).message


def test_only_secrets_come_from_files() -> None:
    error = refusal(environ={"DIGEST_SMTP__PORT_FILE": secret("25")})
    assert "only secrets are read from files; did you mean DIGEST_SMTP__PORT?" in error.message


# --- names -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wrong", "right"),
    [
        ("DIGEST_SMPT__PORT", "DIGEST_SMTP__PORT"),
        ("DIGEST_SMTP_PORT", "DIGEST_SMTP__PORT"),
        ("DIGEST_smtp__port", "DIGEST_SMTP__PORT"),
        ("DIGEST_SMTP__PASWORD_FILE", "DIGEST_SMTP__PASSWORD_FILE"),
        ("DIGEST_CONFG", "DIGEST_CONFIG"),
    ],
)
def test_an_unknown_variable_is_refused_with_the_nearest(wrong: str, right: str) -> None:
    error = refusal(environ={wrong: "never shown"})
    assert f"{wrong} is no setting; did you mean {right}?" in error.message
    assert "never shown" not in str(error)


def test_an_unknown_variable_like_no_other_is_refused_without_a_guess() -> None:
    message = refusal(environ={"DIGEST_XYZZY": "1"}).message
    assert message == "environment: DIGEST_XYZZY is no setting"


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("[smtp]\nprot = 1\n", "digest.toml:2: smtp.prot is no setting; did you mean smtp.port?"),
        ("\n[smpt]\nport = 1\n", "digest.toml:2: [smpt] is no section; did you mean [smtp]?"),
        (
            "postal_address = 1\n",
            "digest.toml:1: postal_address is no setting; did you mean site.postal_address?",
        ),
        ("smtp = 1\n", "digest.toml:1: smtp is a section: write [smtp], its settings below"),
        ("[qqq]\nx = 1\n", "digest.toml:1: [qqq] is no section"),
        (
            "[site]\nzone = 1\n",
            "digest.toml:2: site.zone is no setting; did you mean edition.zone?",
        ),
    ],
)
def test_an_unknown_name_in_the_file_is_refused_with_the_nearest(text: str, fault: str) -> None:
    toml(text)
    assert refusal().message == fault


def test_an_unknown_explicit_name_is_refused() -> None:
    assert "smtp.prot is no setting" in refusal(explicit={"smtp.prot": 1}).message


# --- faults in words ---------------------------------------------------------------------------


def test_all_faults_are_told_at_once() -> None:
    toml('[smtp]\nport = 70000\n\n[edition]\nzone = "Europe"\n')
    environ = {"DIGEST_EDITION__HOUR": "noon", "DIGEST_SMPT__HOST": "x"}
    assert refusal(environ=environ).message.splitlines() == [
        "4 faults in the settings:",
        "  environment: DIGEST_SMPT__HOST is no setting; did you mean DIGEST_SMTP__HOST?",
        "  digest.toml:2: smtp.port must be less than or equal to 65535; it is 70000",
        (
            "  digest.toml:5: edition.zone is no IANA time zone, such as Europe/Berlin or UTC; "
            "it is 'Europe'"
        ),
        "  environment DIGEST_EDITION__HOUR: edition.hour must be a whole number; it is 'noon'",
    ]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[smtp]\nport = 0\n", "smtp.port must be greater than or equal to 1"),
        ("[smtp]\nport = true\n", "smtp.port must not be true or false"),
        ("[smtp]\nport = 2.5\n", "smtp.port must be a whole number"),
        ("[smtp]\ntimeout_s = nan\n", "smtp.timeout_s must be a number"),
        ('[smtp]\nhost = ""\n', "smtp.host must have at least 1 character"),
        ('[smtp]\nhost = ["a"]\n', "smtp.host must be text"),
        ('[smtp]\nsecurity = "ssl"\n', "smtp.security must be 'none', 'starttls' or 'tls'"),
        ('[smtp]\nhelo_name = "a b"\n', "smtp.helo_name is no host name"),
        ('[smtp]\npassword = "x"\n', "smtp password is set and username is not"),
        ('[site]\nbase_url = "example.org"\n', "site.base_url is no web address"),
        ('[site]\ntitle = "a\\nBcc: b@example.org"\n', "site.title must be one line"),
        ('[mail]\nauto_submitted = "perhaps"\n', "mail.auto_submitted must be true or false"),
        ('[mail]\nfrom_address = ""\n', "mail.from_address must not be empty"),
        ('[mail]\nreply_to = "A <a@example.org>"\n', "mail.reply_to is no bare address"),
        ('[mail]\nlist_id = "letter"\n', "mail.list_id is no dotted name"),
        ('[paths]\nstate = ""\n', "paths.state must not be empty"),
        ('[database]\nurl = "mysql://u:hunter2@db.example/x"\n', "database.url must begin with"),
        ('secret_key = "hunter2"\n', "secret_key must have 32 characters or more"),
        ('old_secret_keys = ["hunter2"]\n', "old_secret_keys must have 32 characters or more"),
        ('old_secret_keys = [""]\n', "old_secret_keys must not be empty"),
        ("[delivery]\nretry_minutes = [5, 0]\n", "delivery.retry_minutes must be greater"),
        ("[delivery]\nretry_minutes = []\n", "delivery.retry_minutes must have at least 1 item"),
        ('[feeds]\nallow_private = ["all"]\n', "feeds.allow_private is no network"),
    ],
)
def test_a_bad_value_is_refused_in_words(text: str, words: str) -> None:
    toml(text)
    error = refusal()
    assert words in error.message
    assert "hunter2" not in str(error)
    assert "pydantic" not in str(error)


@pytest.mark.parametrize(
    ("data", "start"),
    [
        (b"[smtp]\nport 25\n", "digest.toml:2: is no TOML: expected '='"),
        (b'[site]\ntitle = """\n', "digest.toml:3: is no TOML: "),
        (b"[smtp]\n\nport = 1\nport = 2\n", "digest.toml:4: is no TOML: cannot overwrite"),
        (b'[site]\n\ntitle = "\xff"\n', "digest.toml:3: is not UTF-8 text"),
    ],
)
def test_a_broken_file_is_refused_with_its_line(data: bytes, start: str) -> None:
    Path("digest.toml").write_bytes(data)
    assert refusal().message.startswith(start)


def test_a_broken_file_does_not_hide_the_faults_of_the_environment() -> None:
    toml("port 25\n")
    message = refusal(environ={"DIGEST_EDITION__HOUR": "24"}).message
    assert "digest.toml:1: is no TOML" in message
    assert "edition.hour must be less than or equal to 23" in message


def test_a_folder_in_the_place_of_the_file_is_named() -> None:
    Path("digest.toml").mkdir()
    assert "digest.toml: is a folder, not a file" in refusal().message


def test_a_link_to_nowhere_is_a_fault() -> None:
    Path("digest.toml").symlink_to("gone.toml")
    assert "digest.toml: No such file or directory" in refusal().message


def test_lines_are_found_across_all_forms_of_toml() -> None:
    text = "\n".join(  # noqa: FLY002 - the line numbers are to be seen
        [
            "# top",  # 1
            'secret_key = "x"',  # 2
            "smtp.port = 1",  # 3
            'edition = { hour = 1, zone = "UTC" }',  # 4
            "[site] # a remark",  # 5
            'title = """',  # 6
            "[smtp]",  # 7
            "port = 3",  # 8
            '"""',  # 9
            'tagline = "x = 1"\r',  # 10
            '[ "delivery" ]',  # 11
            "retry_minutes = [",  # 12
            "  1, # one",  # 13
            "]",  # 14
            "'batch' = 2",  # 15
        ]
    )
    lines = line_numbers(text)
    expected = {
        "secret_key": 2,
        "smtp.port": 3,
        "edition.hour": 4,
        "edition.zone": 4,
        "site": 5,
        "site.title": 6,
        "site.tagline": 10,
        "delivery": 11,
        "delivery.retry_minutes": 12,
        "delivery.batch": 15,
    }
    assert {name: lines[name] for name in expected} == expected


def test_no_secret_is_in_the_words_of_what_was_loaded() -> None:
    environ = {
        "DIGEST_SECRET_KEY": "hunter2" * 5,
        "DIGEST_SMTP__PASSWORD": "hunter2",
        "DIGEST_SMTP__USERNAME": "letters",
        "DIGEST_DATABASE__URL": "postgresql://u:hunter2@db.example/x",
    }
    assert "hunter2" not in repr(load(environ=environ))
