"""The words that columns are called by, in many languages: for each role those that are the word, and those near it."""

_QUESTION = {
    *("question", "questions", "q", "ques", "问题", "問題", "提问", "質問", "质问", "pregunta", "preguntas", "frage"),
    *(
        "fragen",
        "domanda",
        "pergunta",
        "вопрос",
        "вопросы",
        "питання",
        "سؤال",
        "السؤال",
        "प्रश्न",
        "सवाल",
        "질문",
        "soru",
    ),
    *("pytanie", "vraag", "fråga", "spørgsmål", "kysymys", "otázka", "întrebare", "kérdés", "ερώτηση", "שאלה"),
    *("câu hỏi", "cau_hoi", "pertanyaan", "คำถาม", "প্রশ্ন", "swali"),
}
_ANSWER = {
    *(
        "answer",
        "answers",
        "a",
        "ans",
        "回答",
        "答案",
        "答え",
        "解答",
        "respuesta",
        "respuestas",
        "antwort",
        "antworten",
    ),
    *("réponse", "reponse", "risposta", "resposta", "ответ", "ответы", "відповідь", "جواب", "إجابة", "الإجابة", "उत्तर"),
    *("जवाब", "답변", "답", "cevap", "odpowiedź", "antwoord", "svar", "vastaus", "odpověď", "răspuns", "válasz"),
    *("απάντηση", "תשובה", "câu trả lời", "tra_loi", "jawaban", "คำตอบ", "উত্তর", "jibu"),
}
_INSTRUCTION = {
    *(
        "instruction",
        "instructions",
        "指令",
        "指示",
        "instrucción",
        "instruccion",
        "anweisung",
        "istruzione",
        "instrução",
    ),
    *("инструкция", "تعليمات", "निर्देश", "지시", "talimat", "polecenie", "instructie", "instruktion"),
}
_INPUT = {"input", "inputs", "输入", "入力", "entrada", "eingabe", "entrée", "вход", "ввод", "입력"}
_OUTPUT = {"output", "outputs", "输出", "出力", "salida", "ausgabe", "sortie", "saída", "вывод", "출력"}

WORDS: dict[str, tuple[frozenset[str], frozenset[str]]] = {
    "qa.prompt": (frozenset(_QUESTION), frozenset({"query", "problem"})),
    "qa.completion": (
        frozenset(_ANSWER),
        frozenset({"response", "reply", "solution", "output", "completion", "text"}),
    ),
    "qa.context": (
        frozenset({"context", "passage", "paragraph", "document", "background", "contexto", "kontext", "контекст"}),
        frozenset(),
    ),
    "instruction.prompt": (frozenset(_INSTRUCTION), frozenset({"task", "command"})),
    "instruction.context": (frozenset(_INPUT | {"context"}), frozenset()),
    "instruction.completion": (
        frozenset(_OUTPUT | {"response", "completion", "answer"}),
        frozenset({"result", "target", "reply", "solution"}),
    ),
    "prompt_completion.prompt": (
        frozenset(_INPUT | {"prompt", "user", "query", "request", "human", "prompts"}),
        frozenset({"source", "customer", "ask", "message", "msg", "inquiry", "question", "problem", "utilisateur"}),
    ),
    "prompt_completion.completion": (
        frozenset(_OUTPUT | {"completion", "response", "reply", "assistant", "bot", "target", "responses"}),
        frozenset({"answer", "generation", "generated", "gpt", "model", "agent", "chosen", "result", "solution"}),
    ),
    "summarisation.prompt": (
        frozenset({"document", "article", "dialogue", "dialog", "transcript", "report", "story", "paper"}),
        frozenset({"text", "content", "body", "source", "maintext", "passage", "conversation", "documento"}),
    ),
    "summarisation.completion": (
        frozenset({"summary", "summaries", "highlights", "abstract", "tldr", "résumé", "resumen", "zusammenfassung"})
        | frozenset({"摘要", "要約", "итог", "краткое_содержание", "riassunto", "resumo"}),
        frozenset({"headline", "gist", "synopsis"}),
    ),
    "translation.prompt": (
        frozenset({"source_text", "src", "source_sentence", "src_text", "原文", "original"}),
        frozenset({"source"}),
    ),
    "translation.completion": (
        frozenset(
            {"target_text", "tgt", "trg", "target_sentence", "tgt_text", "translation", "译文", "翻訳", "перевод"}
        ),
        frozenset({"target"}),
    ),
    "classification.text": (
        frozenset({"text", "sentence", "utterance", "review", "comment", "tweet", "content", "texto", "文本", "текст"}),
        frozenset({"message", "body", "headline", "title", "description", "query", "ticket", "email", "post"})
        | frozenset({"premise", "sentence1", "question1", "text_a", "question", "document"}),
    ),
    "classification.second": (
        frozenset({"hypothesis", "sentence2", "question2", "text_b", "text2", "second_sentence"}),
        frozenset(),
    ),
    "classification.label": (
        frozenset(
            {"label", "labels", "category", "class", "intent", "sentiment", "topic", "标签", "etiqueta", "категория"}
        ),
        frozenset({"tag", "target", "rating", "emotion", "type", "department", "language", "stars", "score"}),
    ),
    "binary_feedback.label": (
        frozenset({"label", "feedback", "thumbs", "thumbs_up", "is_good", "is_helpful", "liked", "accepted", "vote"}),
        frozenset({"rating", "score", "good", "helpful", "preferred", "correct", "like", "upvoted"}),
    ),
    "preference.chosen": (
        frozenset({"chosen", "preferred", "winner", "better", "accepted", "positive", "win", "response_chosen"}),
        frozenset({"good", "best"}),
    ),
    "preference.rejected": (
        frozenset({"rejected", "dispreferred", "loser", "worse", "refused", "negative", "lose", "response_rejected"}),
        frozenset({"bad", "worst"}),
    ),
    "extraction.target": (
        frozenset(
            {"json", "target_json", "extraction", "extracted", "entities", "fields", "structured", "annotations"}
        ),
        frozenset({"target", "output", "result", "completion", "labels", "slots", "data", "parsed", "answer", "label"}),
    ),
    "extraction.text": (
        frozenset({"text", "document", "input", "content", "sentence", "email", "invoice", "message", "raw_text"}),
        frozenset({"body", "source", "ocr", "prompt", "utterance", "raw", "doc", "transcript"}),
    ),
    "extraction.tokens": (frozenset({"tokens", "words"}), frozenset({"sentence", "token", "word"})),
    "extraction.tags": (
        frozenset({"ner_tags", "tags", "ner", "bio", "bio_tags", "iob_tags", "pos_tags"}),
        frozenset({"labels", "tag", "entities", "slots"}),
    ),
    "passage.text": (
        frozenset(
            {"text", "content", "document", "body", "article", "raw_content", "markdown", "文本", "текст", "texto"}
        ),
        frozenset({"passage", "page_content", "paragraph", "story", "code", "raw", "contents", "abstract"}),
    ),
    "system": (frozenset({"system", "system_prompt", "system_message"}), frozenset()),
    "tools": (frozenset({"tools", "functions", "available_tools"}), frozenset()),
}
METADATA = frozenset(
    {
        *("id", "idx", "index", "uuid", "guid", "key", "hash", "url", "link", "source", "date", "time", "timestamp"),
        *("created", "updated", "split", "lang", "language", "licence", "license", "metadata", "meta", "author"),
        *("created_at", "updated_at", "version", "file", "filename", "path", "row", "no", "num", "number", "_id"),
    }
)
DOCUMENT_METADATA = METADATA | {
    "title",
    "name",
    "page",
    "pages",
    "heading",
    "section",
    "type",
    "format",
    "size",
    "dump",
}

_LANGUAGE_NAMES = {
    "en": ("eng", "english"),
    "de": ("deu", "ger", "german", "deutsch"),
    "fr": ("fra", "fre", "french", "français", "francais"),
    "es": ("spa", "spanish", "español", "espanol"),
    "it": ("ita", "italian", "italiano"),
    "pt": ("por", "portuguese", "português"),
    "nl": ("nld", "dutch"),
    "ru": ("rus", "russian", "русский"),
    "uk": ("ukr", "ukrainian"),
    "pl": ("pol", "polish"),
    "cs": ("ces", "czech"),
    "ro": ("ron", "romanian"),
    "tr": ("tur", "turkish"),
    "ar": ("ara", "arb", "arabic"),
    "he": ("heb", "hebrew"),
    "hi": ("hin", "hindi"),
    "zh": ("zho", "cmn", "chinese", "中文"),
    "ja": ("jpn", "japanese", "日本語"),
    "ko": ("kor", "korean", "한국어"),
    "vi": ("vie", "vietnamese"),
    "id": ("ind", "indonesian"),
    "fi": ("fin", "finnish"),
    "sv": ("swe", "swedish"),
    "da": ("dan", "danish"),
    "el": ("ell", "greek"),
    "hu": ("hun", "hungarian"),
    "fa": ("fas", "persian"),
    "th": ("tha", "thai"),
    "sw": ("swa", "swahili"),
    "la": ("lat", "latin"),
}
LANGUAGES = {name: code for code, names in _LANGUAGE_NAMES.items() for name in (code, *names)}
"""Codes and names of languages, to the code."""
