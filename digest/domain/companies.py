"""Which companies a headline is about, by their names and those of their products."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from digest.domain.text import plain

_NAMES: Final[Mapping[str, str]] = {
    "OpenAI": r"OpenAI|ChatGPT|GPT-?\d[\w.]*|Sora|DALL-?E|Codex|Sam Altman|o[134]-(?:mini|pro)",
    "Anthropic": r"Anthropic|Claude|Dario Amodei",
    "Google": r"Google|Alphabet|DeepMind|Gemini|Gemma|NotebookLM|AlphaFold|Veo \d|Imagen \d|Waymo",
    "Meta": r"Meta|Facebook|Llama|Instagram|WhatsApp|Zuckerberg",
    "Microsoft": r"Microsoft|Copilot|Azure|Bing",
    "Nvidia": r"N[Vv][Ii][Dd][Ii][Aa]|Jensen Huang|Nemotron",
    "Apple": r"Apple|Siri|iPhone",
    "Amazon": r"Amazon|AWS|Alexa|Bedrock",
    "xAI": r"xAI|Grok|Elon Musk|Musk|Tesla",
    "DeepSeek": r"DeepSeek[\w.-]*",
    "Alibaba": r"Alibaba|Qwen[\w.-]*",
    "Mistral": r"Mistral|Mixtral|Magistral|Codestral",
    "Hugging Face": r"Hugging ?Face",
    "Perplexity": r"Perplexity",
    "Moonshot": r"Moonshot|Kimi",
    "AMD": r"AMD",
    "Intel": r"Intel",
    "Oracle": r"Oracle",
    "Cohere": r"Cohere",
    "Stability": r"Stability AI|Stable Diffusion",
    "ByteDance": r"ByteDance|TikTok|Doubao|Seedance",
    "Tencent": r"Tencent|Hunyuan",
    "Baidu": r"Baidu|E[Rr][Nn][Ii][Ee]",
    "Samsung": r"Samsung",
    "IBM": r"IBM|Granite \d",
}
_PATTERNS: Final = {
    company: re.compile(rf"(?<![\w-])(?:{names})(?![\w])") for company, names in _NAMES.items()
}


def companies(title: str) -> frozenset[str]:
    """The companies named, by their usual names. Capitals count: "meta" is no company."""
    said = plain(title)
    return frozenset(company for company, names in _PATTERNS.items() if names.search(said))
