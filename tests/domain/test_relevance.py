"""What is about machine learning, and what is no story at all."""

from __future__ import annotations

import pytest

from digest.domain.relevance import is_finance, is_hype, is_news, is_unwanted, relevance

ABOUT = [
    "A new large language model reads whole books",
    "Claude now remembers earlier conversations",
    "Why gradient descent finds flat minima",
    "Regulator opens inquiry into OpenAI",
    "AI helps radiologists read scans",
    "Training GPT-2 on one GPU",
]
NOT_ABOUT = [
    "Election results are in",
    "How to store bread",
    "A rag rug made of old shirts",
    "The runway of the airport is closed",
    "Aid reaches the island after the storm",
]


@pytest.mark.parametrize("title", ABOUT)
def test_relevant(title: str) -> None:
    assert relevance(title) >= 0.6


@pytest.mark.parametrize("title", NOT_ABOUT)
def test_irrelevant(title: str) -> None:
    assert relevance(title) <= 0.1


def test_the_lead_counts_half_and_nothing_counts_for_ever() -> None:
    plain = relevance("A note from the team")
    with_lead = relevance("A note from the team", "We trained a language model.")
    assert plain == 0.0
    assert 0.4 <= with_lead < relevance("We trained a language model")
    assert relevance("LLM " * 50) == relevance("LLM")
    assert 0 <= relevance(" ".join(ABOUT), " ".join(ABOUT)) <= 1


def test_papers_start_at_one_half() -> None:
    assert relevance("On the rate of convergence", paper=True) == 0.5


@pytest.mark.parametrize(
    ("title", "reason"),
    [
        ("Sponsored: build faster with us", "sponsored"),
        ("Get a lifetime subscription for $40 off", "deal"),
        ("Black Friday: laptops", "deal"),
        ("Alphacorp is hiring engineers (Remote)", "job advertisement"),
        ("Who is hiring? (March 2026)", "job advertisement"),
        ("10 best AI tools for students", "list"),
        ("Top 5 chatbots to try", "list"),
        ("7 ways to use agents", "list"),
        ("3 AI stocks to buy now", "list"),
        ("Is it too late to buy? Analysts raise price target", "stock tip"),
        ("Alphacorp shares jump 12%", "stock tip"),
        ("Your horoscope for Monday", "horoscope or game"),
        ("Wordle answer today", "horoscope or game"),
    ],
)
def test_unwanted(title: str, reason: str) -> None:
    assert is_unwanted(title) == reason


@pytest.mark.parametrize(
    "title",
    [
        *ABOUT,
        "State-sponsored hackers use chatbots",
        "Alphacorp releases 3 open models",
        "Deal with publishers gives Alphacorp 10 years of text",
        "Study of 1000 hiring managers finds bias in models",
    ],
)
def test_wanted(title: str) -> None:
    assert is_unwanted(title) == ""


def test_wording() -> None:
    assert is_hype("This model changes everything!")
    assert not is_hype("A model of the heart")
    assert is_finance("Alphacorp raises $2B")
    assert is_news("Alphacorp releases a model")
    assert not is_news("What a model is")
