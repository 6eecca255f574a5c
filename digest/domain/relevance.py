"""Is it about machine learning, and is it news at all?

A phrase test: each phrase has a weight, the chance that a text with it is about machine
learning; phrases count as independent witnesses (noisy or). The weights are judgements, kept
few and readable, and measured on labelled days only as a whole.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from digest.domain.text import plain

_WORDS: Final = (
    # the field itself
    (
        0.9,
        r"""machine learning|deep learning|neural net(?:work)?s?|language models?|foundation models?
        |frontier models?|generative ai|gen ?ai|artificial intelligence|reinforcement learning
        |transformer models?|diffusion models?|world models?|ai models?|computer vision
        |natural language processing|chatbots?|multimodal models?|embeddings?
        |fine[- ]?tun(?:e|ed|es|ing)|pre[- ]?train(?:ed|ing)?|mixture[- ]of[- ]experts
        |retrieval[- ]augmented|prompt injections?|prompt engineering|superintelligence
        |text[- ]to[- ](?:image|video|speech)|reasoning models?|open[- ]weights?|self[- ]supervised
        |(?:un)?supervised learning|backprop(?:agation)?|autoencoders?|gradient descent
        |context windows?|agentic|interpretability|speculative decoding|quanti[sz]ation
        |gaussian processes|deepfakes?""",
    ),
    # words that are about machine learning about as often as not
    (0.6, r"gpus?|classifiers?|robotics?|inference"),
    (
        0.3,
        r"""models?|algorithms?|benchmarks?|datasets?|agents?|tokens?|autonomous|robots?|training
        |self-driving""",
    ),
)
"""Weight and phrases in any case."""

_NAMES: Final = (
    (
        0.9,
        r"""LLMs?|GPTs?|NLP|VLMs?|RLHF|MoE|RAG|AGI|LoRA|KV[- ]cache|AI agents?|AI safety
        |AI alignment""",
    ),
    # model series and assistants
    (
        0.85,
        r"""(?:Chat)?GPT(?:-?\d[\w.]*)?|Claude(?: Code)?|Gemini|Gemma(?: \d)?|DALL[-·]?E
        |L[Ll]a[Mm][Aa](?:[ -]?\d[\w.]*)?|Qwen[\w.-]*|DeepSeek[\w.-]*|Mistral|Mixtral
        |Grok(?:[ -]?\d)?|Kimi(?: K\d)?|GLM-\d[\w.]*|Stable Diffusion|Midjourney|Sora|Veo \d
        |Imagen \d|AlphaFold|AlphaGo|AlphaZero|Whisper|Copilot|Codex|Nemotron|OLMo|BERT|ViT
        |o[134](?:-(?:mini|pro|preview))?|SAM ?2""",
    ),
    # who makes it, and what it is made with
    (
        0.75,
        r"""OpenAI|Anthropic|DeepMind|Hugging ?Face|xAI|Cohere|Perplexity|Stability AI|EleutherAI
        |Scale AI|Sakana AI|Allen Institute for AI|Ai2|Moonshot AI|Zhipu|MiniMax|ElevenLabs|Runway
        |Thinking Machines|Safe Superintelligence|CoreWeave|Cerebras|Groq|PyTorch|TensorFlow|JAX
        |Keras|scikit-learn|vLLM|llama\.cpp|Ollama|LangChain|CUDA|NeurIPS|ICML|ICLR|TPUs?
        |Sam Altman|Dario Amodei|Yann LeCun|Andrej Karpathy|Geoffrey Hinton""",
    ),
    (0.6, r"A\.?I\.?|AIs|AI[- ]\w+|\w+[- ]AI|N[Vv][Ii][Dd][Ii][Aa]"),
)
"""Weight and names, whose capitals tell them from common words (RAG, Runway, Whisper)."""

_LEAD_DISCOUNT: Final = 0.5
_PAPER_PRIOR: Final = 0.5
_MOST_WITNESSES: Final = 2
_TITLES: Final = 10_000
"""A day's titles are asked about several times on the way to a story, and again the next day."""


def _pattern(phrases: str, flags: re.RegexFlag) -> re.Pattern[str]:
    joined = re.sub(r"\s*\n\s*", "", phrases)
    return re.compile(rf"(?<![\w-])(?:{joined})(?!\w)", flags)


_WEIGHED: Final = (
    *((weight, _pattern(phrases, re.IGNORECASE)) for weight, phrases in _WORDS),
    *((weight, _pattern(names, re.NOFLAG)) for weight, names in _NAMES),
)


def relevance(title: str, lead: str = "", *, paper: bool = False) -> float:
    """How likely a text is about machine learning, 0 to 1.

    The title counts fully, the lead half; of each weight two different phrases count at most.
    `paper` starts at one half, since such sources are of the field.
    """
    miss = 1 - _PAPER_PRIOR if paper else 1.0
    head, body = plain(title), plain(lead)
    for weight, pattern in _WEIGHED:
        in_title = {m.group().lower() for m in pattern.finditer(head)}
        in_lead = {m.group().lower() for m in pattern.finditer(body)} - in_title
        miss *= (1 - weight) ** min(len(in_title), _MOST_WITNESSES)
        miss *= (1 - weight * _LEAD_DISCOUNT) ** min(len(in_lead), _MOST_WITNESSES)
    return 1 - miss


_UNWANTED: Final = tuple(
    (reason, re.compile(pattern, re.IGNORECASE | re.VERBOSE))
    for reason, pattern in (
        (
            "sponsored",
            r"""(?<![\w-])(?:sponsored|advertorial|presented\ by|paid\ (?:post|content|partner)
            |brought\ to\ you\ by
            |partner\ content|promoted\ post)\b|\(sponsor\)|\[ad\]""",
        ),
        (
            "deal",
            r"""\b(?:black\ friday|cyber\ monday|prime\ day|coupons?|promo\ codes?
            |lifetime\ (?:deal|subscription)
            |(?:best|today's|top|daily)\ deals?|deals?\ of\ the\ (?:day|week)|giveaway|clearance
            |on\ sale\ (?:now|for)|lowest\ price|save\ (?:up\ to\ )?[$€£]\d+
            |(?:\d+\s?%|[$€£]\d+)\ (?:off|discount))\b""",
        ),
        (
            "job advertisement",
            r"""\b(?:(?:is|are|we're|now)\ hiring|who(?:'s|\ is)\ hiring|who\ wants\ to\ be\ hired
            |job\ (?:openings?|board|listings?)
            |careers?\ at|apply\ now|internships?\ (?:at|open)|seeking\ freelancer)\b|\((?:remote
            |full[- ]time)\)""",
        ),
        (
            "list",
            r"""^(?:the\ )?(?:top\ )?(?:\d+|five|six|seven|eight|nine|ten
            |dozens?\ of)\s+(?:\w+[\ -]){0,4}?(?:ways|tips|tricks|things
            |reasons|tools|apps|prompts|books|courses|startups|gadgets|stocks|facts|lessons|hacks
            |ideas|examples)\b
            |^(?:the\ )?(?:top|best)\ \d+\b|\b(?:best|top)\ (?:\w+\ ){0,3}(?:of|for|in)\ 20\d\d\b
            |\byou\ (?:won't\ believe|need\ to\ try)\b""",
        ),
        (
            "stock tip",
            r"""\b(?:stocks?\ (?:to\ (?:buy|watch|own|sell)|picks?|split|forecast|slides?|soars?
            |jumps?|falls?|tumbles?|surges?)
            |(?:buy|sell|hold)\ rating|price\ target
            |shares\ (?:of\ )?(?:\w+\ ){0,2}(?:jump|rise|fall|slide|soar|surge|tumble|sink|climb
            |gain|drop)s?
            |(?:should|would)\ you\ buy|better\ buy|(?:millionaire|growth|dividend|AI)\ stocks?
            |(?:undervalued|overvalued)\ stock|motley\ fool|zacks)\b|\((?:NASDAQ|NYSE):\s?\w+\)""",
        ),
        (
            "horoscope or game",
            r"""\b(?:horoscopes?|zodiac|tarot|wordle|crossword|lottery\ (?:numbers|results)
            |powerball
            |(?:strands|connections|quordle|mini)\ (?:hints?|answers?))\b""",
        ),
    )
)


@lru_cache(maxsize=_TITLES)
def is_unwanted(title: str) -> str:
    """Why an entry should not become a story (sponsored, deal, list, ...), empty when it may."""
    said = plain(title)
    for reason, pattern in _UNWANTED:
        if pattern.search(said):
            return reason
    return ""


_HYPE: Final = re.compile(
    r"""\b(?:insane|mind[- ]?blowing|shock(?:ed|ing|s)?|game[- ]?chang(?:er|ing)|revolution(?:ary
    |i[sz]es?)|unbelievable
    |jaw[- ]dropping|will\ change\ everything|changes\ everything|terrifying|destroys?|killer
    |secret(?:s|ly)?\ (?:to|of)
    |everyone\ is|nobody\ is\ talking|the\ future\ of|unleash(?:es)?|supercharge[sd]?
    |unlock(?:s|ing)?)\b|!{1,}|\?!""",
    re.IGNORECASE | re.VERBOSE,
)
_FINANCE: Final = re.compile(
    r"""\b(?:rais(?:es|ed|ing)|funding|series\ [a-h]|seed\ round|valuation|valued\ at|ipo|earnings
    |revenue|investors?
    |invest(?:s|ed|ment|ments|ing)?|acquir(?:es|ed|ing)|acquisition|merger|stake|shares?|stocks?
    |market\ cap|quarter(?:ly)?
    |lawsuit|sues|sued|court|settlement|antitrust)\b|[$€£]\s?\d""",
    re.IGNORECASE | re.VERBOSE,
)


@lru_cache(maxsize=_TITLES)
def is_hype(title: str) -> bool:
    """Whether a headline shouts: a superlative of the trade, or an exclamation mark."""
    return _HYPE.search(plain(title)) is not None


@lru_cache(maxsize=_TITLES)
def is_finance(title: str) -> bool:
    """Whether a headline is about money or courts rather than about the work."""
    return _FINANCE.search(plain(title)) is not None


_NEWS: Final = re.compile(
    r"""\b(?:launch(?:es|ed|ing)?|releas(?:es|ed|ing|e)|introduc(?:es|ed|ing|e)|announc(?:es|ed|ing)
    |unveil(?:s|ed|ing)?|open[- ]?sourc(?:es|ed|ing)|debut(?:s|ed)?|ships?|rolls?\ out
    |now\ available
    |beats?|surpass(?:es|ed)?|outperform(?:s|ed)?|solv(?:es|ed)|discover(?:s|ed)?|achiev(?:es|ed))\b""",
    re.IGNORECASE | re.VERBOSE,
)


def is_news(title: str) -> bool:
    """Whether a headline says that something was made, shown or found, rather than discussed."""
    return _NEWS.search(plain(title)) is not None
