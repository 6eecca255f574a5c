"""`digest content`, run as a program."""

import json


def test_a_new_concept_is_one_folder_that_says_what_to_do(digest, own_content):
    at = {"DIGEST_PATHS__CONTENT": str(own_content)}
    made = digest("content", "new", "my-idea", **at)
    assert made.returncode == 0, made.stderr
    assert "my-idea/card.md: write the card" in made.stdout
    checked = digest("content", "check", "my-idea", "--seeds", "2", **at)
    assert checked.returncode == 4
    assert "In depth: " in checked.stdout
    assert "0 of 1 concepts pass" in checked.stdout
    assert "figure.py" not in checked.stdout  # the example experiment itself is sound
    again = digest("content", "new", "my-idea", **at)
    assert again.returncode == 2
    assert "is there already" in again.stderr
    assert digest("content", "new", "My Idea", **at).returncode == 2


def test_sound_cards_pass(digest, own_content):
    done = digest("content", "check", "momentum", "entropy", DIGEST_PATHS__CONTENT=str(own_content))
    assert done.returncode == 0, done.stdout
    assert "2 of 2 concepts pass, 0 faults." in done.stdout


def test_faults_are_told_with_file_and_line(digest, own_content):
    figure = own_content / "concepts" / "entropy" / "figure.py"
    figure.write_text(figure.read_text() + "\nimport os\n")
    done = digest("content", "check", "entropy", DIGEST_PATHS__CONTENT=str(own_content))
    assert done.returncode == 4
    assert "imports os: numpy and palette only" in done.stdout
    assert "entropy/figure.py:" in done.stdout


def test_list_is_in_library_order(digest, own_content):
    at = {"DIGEST_PATHS__CONTENT": str(own_content)}
    listed = json.loads(digest("content", "list", "--json", **at).stdout)
    slugs = [concept["slug"] for concept in listed]
    assert slugs.index("gradient-descent") < slugs.index("momentum")
    assert "momentum" in digest("content", "list", **at).stdout


def test_show_prints_the_card_and_writes_a_page(digest, own_content, tmp_path):
    at = {"DIGEST_PATHS__CONTENT": str(own_content)}
    done = digest("content", "show", "momentum", **at)
    assert done.returncode == 0, done.stderr
    assert "MOMENTUM (HEAVY BALL)" in done.stdout
    page = tmp_path / "var" / "out" / "concepts" / "momentum.html"
    assert 'src="figure-momentum.png"' in page.read_text(encoding="utf-8")
    assert (page.parent / "figure-momentum.png").exists()
    unknown = digest("content", "show", "momentun", **at)
    assert unknown.returncode == 4
    assert "did you mean 'momentum'?" in unknown.stderr
