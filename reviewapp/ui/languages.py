"""Names of languages, and which tags readers take for the same one. Knows no room.

A *base* is the small code that tags are compared by: `pt-BR`, `PT` and `por` are `pt`.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Final

from django.conf.locale import LANG_INFO
from django.utils.translation import gettext
from django.utils.translation import gettext_noop as _

UNKNOWN: Final = "und"

NAMES: Final[dict[str, str]] = {
    "aa": _("Afar"), "ab": _("Abkhazian"), "ace": _("Acehnese"), "af": _("Afrikaans"), "ak": _("Akan"), "am": _("Amharic"), "an": _("Aragonese"),
    "ar": _("Arabic"), "as": _("Assamese"), "ast": _("Asturian"), "av": _("Avaric"), "ay": _("Aymara"), "az": _("Azerbaijani"), "ba": _("Bashkir"),
    "bcl": _("Bikol"), "be": _("Belarusian"), "bg": _("Bulgarian"), "bm": _("Bambara"), "bn": _("Bangla"), "bo": _("Tibetan"), "br": _("Breton"),
    "bs": _("Bosnian"), "ca": _("Catalan"), "ce": _("Chechen"), "ceb": _("Cebuano"), "ch": _("Chamorro"), "ckb": _("Sorani Kurdish"),
    "co": _("Corsican"), "crh": _("Crimean Tatar"), "cs": _("Czech"), "cv": _("Chuvash"), "cy": _("Welsh"), "da": _("Danish"), "de": _("German"),
    "dv": _("Dhivehi"), "dz": _("Dzongkha"), "ee": _("Ewe"), "el": _("Greek"), "en": _("English"), "eo": _("Esperanto"), "es": _("Spanish"),
    "et": _("Estonian"), "eu": _("Basque"), "ext": _("Extremaduran"), "fa": _("Persian"), "ff": _("Fulah"), "fi": _("Finnish"), "fj": _("Fijian"),
    "fo": _("Faroese"), "fr": _("French"), "fuv": _("Nigerian Fulfulde"), "fy": _("Western Frisian"), "ga": _("Irish"),
    "gcf": _("Guadeloupean Creole"), "gcr": _("Guianese Creole"), "gd": _("Scottish Gaelic"), "gl": _("Galician"), "gn": _("Guarani"),
    "gom": _("Goan Konkani"), "grc": _("Ancient Greek"), "gu": _("Gujarati"), "guw": _("Gun"), "gv": _("Manx"), "ha": _("Hausa"),
    "hbo": _("Ancient Hebrew"), "he": _("Hebrew"), "hi": _("Hindi"), "hr": _("Croatian"), "ht": _("Haitian Creole"), "hu": _("Hungarian"),
    "hy": _("Armenian"), "ia": _("Interlingua"), "id": _("Indonesian"), "ig": _("Igbo"), "is": _("Icelandic"), "it": _("Italian"),
    "ja": _("Japanese"), "jv": _("Javanese"), "ka": _("Georgian"), "kab": _("Kabyle"), "kg": _("Kongo"), "ki": _("Kikuyu"), "kk": _("Kazakh"),
    "kl": _("Greenlandic"), "km": _("Khmer"), "kn": _("Kannada"), "ko": _("Korean"), "ks": _("Kashmiri"), "ku": _("Kurdish"), "ky": _("Kyrgyz"),
    "la": _("Latin"), "lb": _("Luxembourgish"), "lg": _("Ganda"), "lij": _("Ligurian"), "ln": _("Lingala"), "lo": _("Lao"), "lt": _("Lithuanian"),
    "ltg": _("Latgalian"), "lv": _("Latvian"), "mg": _("Malagasy"), "mi": _("Maori"), "mk": _("Macedonian"), "ml": _("Malayalam"),
    "mn": _("Mongolian"), "mr": _("Marathi"), "ms": _("Malay"), "mt": _("Maltese"), "my": _("Burmese"), "ne": _("Nepali"), "nl": _("Dutch"),
    "no": _("Norwegian"), "nso": _("Northern Sotho"), "nv": _("Navajo"), "ny": _("Chichewa"), "oc": _("Occitan"), "om": _("Oromo"), "or": _("Odia"),
    "os": _("Ossetian"), "pa": _("Punjabi"), "pcm": _("Nigerian Pidgin"), "pl": _("Polish"), "ps": _("Pashto"), "pt": _("Portuguese"),
    "qu": _("Quechua"), "rm": _("Romansh"), "rn": _("Rundi"), "ro": _("Romanian"), "ru": _("Russian"), "rw": _("Kinyarwanda"), "sa": _("Sanskrit"),
    "sc": _("Sardinian"), "scn": _("Sicilian"), "sd": _("Sindhi"), "sdh": _("Southern Kurdish"), "se": _("Northern Sami"), "sg": _("Sango"),
    "si": _("Sinhala"), "sk": _("Slovak"), "sl": _("Slovenian"), "sm": _("Samoan"), "sn": _("Shona"), "so": _("Somali"), "sq": _("Albanian"),
    "sr": _("Serbian"), "ss": _("Swati"), "st": _("Southern Sotho"), "su": _("Sundanese"), "sv": _("Swedish"), "sw": _("Swahili"), "ta": _("Tamil"),
    "te": _("Telugu"), "tg": _("Tajik"), "th": _("Thai"), "ti": _("Tigrinya"), "tk": _("Turkmen"), "tl": _("Filipino"), "tn": _("Tswana"),
    "to": _("Tongan"), "tr": _("Turkish"), "ts": _("Tsonga"), "tt": _("Tatar"), "tw": _("Twi"), "ty": _("Tahitian"), "ug": _("Uyghur"),
    "uk": _("Ukrainian"), "ur": _("Urdu"), "uz": _("Uzbek"), "uzs": _("Southern Uzbek"), "ve": _("Venda"), "vec": _("Venetian"),
    "vi": _("Vietnamese"), "vo": _("Volapük"), "wa": _("Walloon"), "wo": _("Wolof"), "xh": _("Xhosa"), "yi": _("Yiddish"), "yo": _("Yoruba"),
    "za": _("Zhuang"), "zh": _("Chinese"), "zu": _("Zulu"),
}  # fmt: skip
"""Base to its English name, which `name_of` gives in the language of the page."""

_ALSO: Final = """
aa=aar ab=abk af=afr ak=aka am=amh an=arg ar=ara as=asm av=ava ay=aym az=aze ba=bak be=bel bg=bul bm=bam bn=ben bo=bod,tib br=bre bs=bos ca=cat
ce=che ch=cha co=cos cs=ces,cze cv=chv cy=cym,wel da=dan de=deu,ger dv=div dz=dzo ee=ewe el=ell,gre en=eng eo=epo es=spa et=est eu=eus,baq fa=fas,per
ff=ful fi=fin fj=fij fo=fao fr=fra,fre fy=fry ga=gle gd=gla gl=glg gn=grn,gug gu=guj gv=glv ha=hau he=heb hi=hin hr=hrv ht=hat hu=hun hy=hye,arm
ia=ina id=ind ig=ibo is=isl,ice it=ita ja=jpn jv=jav ka=kat,geo kg=kon ki=kik kk=kaz kl=kal km=khm kn=kan ko=kor ks=kas ku=kur ky=kir la=lat lb=ltz
lg=lug ln=lin lo=lao lt=lit lv=lav mg=mlg mi=mri,mao mk=mkd,mac ml=mal mn=mon mr=mar ms=msa,may mt=mlt my=mya,bur ne=nep nl=nld,dut no=nor,nob,nno
nv=nav ny=nya oc=oci om=orm or=ori os=oss pa=pan pl=pol ps=pus pt=por qu=que rm=roh rn=run ro=ron,rum ru=rus rw=kin sa=san sc=srd sd=snd se=sme
sg=sag si=sin sk=slk,slo sl=slv sm=smo sn=sna so=som sq=sqi,alb sr=srp ss=ssw st=sot su=sun sv=swe sw=swa ta=tam te=tel tg=tgk th=tha ti=tir tk=tuk
tl=tgl,fil tn=tsn to=ton tr=tur ts=tso tt=tat tw=twi ty=tah ug=uig uk=ukr ur=urd uz=uzb ve=ven vi=vie vo=vol wa=wln wo=wol xh=xho yi=yid yo=yor
za=zha zh=zho,chi,cmn,yue,wuu zu=zul
"""
_SAME: Final[dict[str, str]] = {
    "nb": "no", "nn": "no", "iw": "he", "in": "id", "ji": "yi", "jw": "jv", "mo": "ro", "arb": "ar", "arz": "ar", "ary": "ar",
    "": UNKNOWN, "mul": UNKNOWN, "mis": UNKNOWN, "zxx": UNKNOWN,
    **{other: code for code, _, others in (row.partition("=") for row in _ALSO.split()) for other in others.split(",")},
}  # fmt: skip
RIGHT_TO_LEFT: Final = frozenset(
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
    return gettext("unknown") if base == UNKNOWN else gettext(NAMES[base]) if base in NAMES else tag


def words_of(sent: str, detected: str) -> str:
    """The language of an item in words: `German` as sent, `detected: German`, or `unknown`."""
    if base_of(sent) != UNKNOWN or base_of(detected) == UNKNOWN:
        return name_of(sent)
    return gettext("detected: %(language)s") % {"language": name_of(detected)}


def code_of(typed: str) -> str:
    """The base that somebody means by `de`, `pt-BR`, `German` or `german`; empty for what is no language here.

    A name counts in English and in the language of the page.
    """
    wanted = " ".join(typed.split())
    names = {name_of(code): code for code in NAMES} | {name: code for code, name in NAMES.items()}
    named = {name.casefold(): code for name, code in names.items()}.get(wanted.casefold())
    return named or (base_of(wanted) if base_of(wanted) in NAMES else "")


def direction_of(tag: str) -> str:
    """`rtl` or `ltr`, as the script usual for the language runs; `auto` where the language is not known."""
    base = base_of(tag)
    if base not in NAMES:
        return "auto"
    return "rtl" if base in RIGHT_TO_LEFT else "ltr"


def interface_languages(folders: Iterable[Path]) -> list[tuple[str, str]]:
    """Code and own name of each language of the interface: English, and those with a compiled catalog in a folder."""
    catalogs = [catalog for folder in folders for catalog in folder.glob("*/LC_MESSAGES/django.mo")]
    codes = {catalog.parts[-3].replace("_", "-").lower() for catalog in catalogs} - {"en"}
    return [("en", "English"), *((code, _own_name(code)) for code in sorted(codes))]


def _own_name(code: str) -> str:
    """How people who speak a language call it; with the code where only its base has a name."""
    known = LANG_INFO.get(code, {}).get("name_local")
    base = LANG_INFO.get(code.partition("-")[0], {}).get("name_local", NAMES.get(base_of(code), ""))
    return str(known or f"{base} ({code})".strip())
