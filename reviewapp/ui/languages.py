"""Names of languages, and which tags readers take for the same one. Knows no room.

A *base* is the small code that tags are compared by: `pt-BR`, `PT` and `por` are `pt`.
"""

from typing import Final

UNKNOWN: Final = "und"

_KNOWN: Final = """
aa aar Afar|ab abk Abkhazian|ace - Acehnese|af afr Afrikaans|ak aka Akan|am amh Amharic|an arg Aragonese|ar ara Arabic|as asm Assamese|ast - Asturian
av ava Avaric|ay aym Aymara|az aze Azerbaijani|ba bak Bashkir|bcl - Bikol|be bel Belarusian|bg bul Bulgarian|bm bam Bambara|bn ben Bangla
bo bod,tib Tibetan|br bre Breton|bs bos Bosnian|ca cat Catalan|ce che Chechen|ceb - Cebuano|ch cha Chamorro|ckb - Sorani Kurdish|co cos Corsican|crh - Crimean Tatar
cs ces,cze Czech|cv chv Chuvash|cy cym,wel Welsh|da dan Danish|de deu,ger German|dv div Dhivehi|dz dzo Dzongkha|ee ewe Ewe|el ell,gre Greek
en eng English|eo epo Esperanto|es spa Spanish|et est Estonian|eu eus,baq Basque|ext - Extremaduran|fa fas,per Persian|ff ful Fulah|fi fin Finnish|fj fij Fijian
fo fao Faroese|fr fra,fre French|fuv - Nigerian Fulfulde|fy fry Western Frisian|ga gle Irish|gcf - Guadeloupean Creole|gcr - Guianese Creole|gd gla Scottish Gaelic
gl glg Galician|gn grn,gug Guarani|gom - Goan Konkani|grc - Ancient Greek|gu guj Gujarati|guw - Gun|gv glv Manx|ha hau Hausa|hbo - Ancient Hebrew|he heb Hebrew|hi hin Hindi
hr hrv Croatian|ht hat Haitian Creole|hu hun Hungarian|hy hye,arm Armenian|ia ina Interlingua|id ind Indonesian|ig ibo Igbo|is isl,ice Icelandic
it ita Italian|ja jpn Japanese|jv jav Javanese|ka kat,geo Georgian|kab - Kabyle|kg kon Kongo|ki kik Kikuyu|kk kaz Kazakh|kl kal Greenlandic|km khm Khmer
kn kan Kannada|ko kor Korean|ks kas Kashmiri|ku kur Kurdish|ky kir Kyrgyz|la lat Latin|lb ltz Luxembourgish|lg lug Ganda|lij - Ligurian|ln lin Lingala|lo lao Lao
lt lit Lithuanian|ltg - Latgalian|lv lav Latvian|mg mlg Malagasy|mi mri,mao Maori|mk mkd,mac Macedonian|ml mal Malayalam|mn mon Mongolian|mr mar Marathi
ms msa,may Malay|mt mlt Maltese|my mya,bur Burmese|ne nep Nepali|nl nld,dut Dutch|no nor,nob,nno Norwegian|nso - Northern Sotho|nv nav Navajo|ny nya Chichewa
oc oci Occitan|om orm Oromo|or ori Odia|os oss Ossetian|pa pan Punjabi|pcm - Nigerian Pidgin|pl pol Polish|ps pus Pashto|pt por Portuguese|qu que Quechua
rm roh Romansh|rn run Rundi|ro ron,rum Romanian|ru rus Russian|rw kin Kinyarwanda|sa san Sanskrit|sc srd Sardinian|scn - Sicilian|sd snd Sindhi|sdh - Southern Kurdish
se sme Northern Sami|sg sag Sango|si sin Sinhala|sk slk,slo Slovak|sl slv Slovenian|sm smo Samoan|sn sna Shona|so som Somali|sq sqi,alb Albanian|sr srp Serbian
ss ssw Swati|st sot Southern Sotho|su sun Sundanese|sv swe Swedish|sw swa Swahili|ta tam Tamil|te tel Telugu|tg tgk Tajik|th tha Thai|ti tir Tigrinya|tk tuk Turkmen
tl tgl,fil Filipino|tn tsn Tswana|to ton Tongan|tr tur Turkish|ts tso Tsonga|tt tat Tatar|tw twi Twi|ty tah Tahitian|ug uig Uyghur|uk ukr Ukrainian|ur urd Urdu
uz uzb Uzbek|uzs - Southern Uzbek|ve ven Venda|vec - Venetian|vi vie Vietnamese|vo vol Volapük|wa wln Walloon|wo wol Wolof|xh xho Xhosa|yi yid Yiddish|yo yor Yoruba
za zha Zhuang|zh zho,chi,cmn,yue,wuu Chinese|zu zul Zulu
"""
_ROWS: Final = [line.split(" ", 2) for line in _KNOWN.strip().replace("\n", "|").split("|")]

NAMES: Final[dict[str, str]] = {code: name for code, _, name in _ROWS}
"""Base to its English name."""

_SAME: Final[dict[str, str]] = {
    "nb": "no", "nn": "no", "iw": "he", "in": "id", "ji": "yi", "jw": "jv", "mo": "ro", "arb": "ar", "arz": "ar", "ary": "ar",
    "": UNKNOWN, "mul": UNKNOWN, "mis": UNKNOWN, "zxx": UNKNOWN,
    **{other: code for code, others, _ in _ROWS if others != "-" for other in others.split(",")},
}  # fmt: skip
_RIGHT_TO_LEFT: Final = frozenset(
    {"ar", "ckb", "dv", "fa", "hbo", "he", "ks", "ps", "sd", "sdh", "ug", "ur", "yi"}
)


def base_of(tag: str) -> str:
    """The base of a language tag as somebody sent it; `und` for none, several, or no language at all."""
    code = tag.replace("_", "-").partition("-")[0].lower()
    return _SAME.get(code, code)


def language_of(sent: str, detected: str) -> str:
    """The base that an item counts as: of what was sent, else of what was detected, else `und`."""
    said = base_of(sent)
    return base_of(detected) if said == UNKNOWN else said


def name_of(tag: str) -> str:
    """How people call the language of a tag; the tag itself where it has no name here."""
    base = base_of(tag)
    return "unknown" if base == UNKNOWN else NAMES.get(base, tag)


def words_of(sent: str, detected: str) -> str:
    """The language of an item in words: `German` as sent, `detected: German`, or `unknown`."""
    if base_of(sent) != UNKNOWN or base_of(detected) == UNKNOWN:
        return name_of(sent)
    return f"detected: {name_of(detected)}"


def code_of(typed: str) -> str:
    """The base that somebody means by `de`, `pt-BR`, `German` or `german`; empty for what is no language here."""
    wanted = " ".join(typed.split())
    named = {name.casefold(): code for code, name in NAMES.items()}.get(wanted.casefold())
    return named or (base_of(wanted) if base_of(wanted) in NAMES else "")


def direction_of(tag: str) -> str:
    """`rtl` or `ltr`, as the script usual for the language runs; `auto` where the language is not known."""
    base = base_of(tag)
    if base not in NAMES:
        return "auto"
    return "rtl" if base in _RIGHT_TO_LEFT else "ltr"
