"""What the sections of a description must say together. Only sections that are valid by themselves are compared."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from providers.base import Misconfigured, Setting, SettingError
from providers.marking import N_
from providers.phone import FORMATS
from providers.settings import clean

from .adapter import setting_of
from .build import ALWAYS, OF_ASKED, OF_MESSAGE, Given, fields_of, names_in, tree_of, xml_of
from .problems import Problem, place_of, shown
from .schema import CallModel, Option
from .signing import OF_SIGNATURE

OF_CALLS = {"request": OF_MESSAGE, "poll": OF_ASKED, "test": frozenset[str](), "balance": frozenset[str]()}
LISTS = {"request": {"parameter", "parameter_name"}, "poll": {"message"}}
Place = tuple[str | int, ...]


def problems_together(given: Any) -> list[Problem]:
    """`given` has an attribute for each section, which is None where it is left out or is not valid by itself."""
    return [problem for check in CHECKS for problem in check(given)]


def _names(given: Any) -> Iterator[Problem]:
    """Placeholders and settings that do not exist."""
    for section, own in OF_CALLS.items():
        call = getattr(given, section)
        for place, name, is_list in _of_call(call) if call else ():
            known = name in LISTS.get(section, ()) if is_list else _is_known(given, name, own)
            if not known:
                yield _unknown((section, *place), name)
    yield from _of_auth(given)
    yield from _of_signature(given)
    yield from _of_settings(given)


def _of_call(call: CallModel) -> Iterator[tuple[Place, str, bool]]:
    """Each place with a name in it, and whether it names a list."""
    yield from ((("path",), name, False) for name in sorted(call.path.names))
    for part in ("headers", "query", "body"):
        for n, row in enumerate(getattr(call, part)):
            names = sorted(row.value.names) if row.value else ()
            yield from (((part, n, "value"), name, False) for name in names)
            if row.when is not None:
                yield (part, n, "when"), row.when, False
            if row.each is not None:
                yield (part, n, "each"), row.each, True


def _is_known(given: Any, name: str, own: Iterable[str]) -> bool:
    """A name in a section that is not valid by itself counts as known, because the section has a problem already."""
    kind, _, key = name.partition(".")
    if name in ALWAYS or name in own:
        return True
    if kind in ("credential", "option"):
        declared = getattr(given, f"{kind}s")
        return declared is None or key in {each.key for each in declared}
    if kind == "words":
        return given.words is None or (key in given.words and _is_known(given, given.words[key].source, own))
    return kind == "parameter" and "text" in own and key in _NUMBERS


_NUMBERS = frozenset(map(str, range(1, 101)))


def _of_auth(given: Any) -> Iterator[Problem]:
    if given.auth is None:
        return
    for key in ("username", "password", "token", "key"):
        name = getattr(given.auth, key)
        if name is not None and not _is_known(given, f"credential.{name}", ()):
            yield _unknown(("auth", key), name)
    # every call is signed, so that the text has only what each call has
    for name in sorted(given.auth.text.names if given.auth.text else ()):
        if not _is_known(given, name, OF_SIGNATURE):
            yield _unknown(("auth", "text"), name)


def _of_signature(given: Any) -> Iterator[Problem]:
    rule = given.receipts.signature if given.receipts else None
    if rule is None:
        return
    if rule.key is not None and not _is_known(given, f"credential.{rule.key}", ()):
        yield _unknown(("receipts", "signature", "key"), rule.key)
    for name in sorted({*rule.text.names, *([rule.time] if rule.time else ())}):
        of_call = name.startswith("field.") or (name.startswith("header.") and name == name.lower())
        if not of_call and not _is_known(given, name, OF_SIGNATURE):
            yield _unknown(("receipts", "signature", "time" if name == rule.time else "text"), name)


def _of_settings(given: Any) -> Iterator[Problem]:
    """The options that other keys refer to: they are read for every call, and so have a default."""
    if given.options is None:
        return
    options = {option.key: option for option in given.options}
    form = given.vendor.number_format if given.vendor else "e164"
    if form not in FORMATS and (form not in options or not _chooses_format(options[form])):
        words = N_("{value} is neither one of {formats} nor an option with some of these as choices, and a default.")
        yield Problem("vendor.number_format", words.format(value=shown(form), formats=", ".join(FORMATS)))
    for section, key, kind in (("receipts", "networks", "networks"), ("poll", "after_option", "seconds")):
        name = getattr(getattr(given, section), key, None)
        option = options.get(name)
        if name is not None and (option is None or option.kind != kind or option.default is None):
            words = N_("There is no option {value} of the kind {kind} with a default. Declare it.")
            yield Problem(f"{section}.{key}", words.format(value=shown(name), kind=kind))


def _chooses_format(option: Option) -> bool:
    return option.kind == "choice" and set(option.choices) <= set(FORMATS) and option.default is not None


def _unknown(place: Place, name: str) -> Problem:
    words = N_("There is no value {value} here. Correct the name, or declare the credential, option or word table.")
    return Problem(place_of(place), words.format(value=shown(name)))


def _settings(given: Any) -> Iterator[Problem]:
    credentials, options = [list(map(setting_of, each or ())) for each in (given.credentials, given.options)]
    if credentials and not any(each.secret for each in credentials):
        yield Problem("credentials", N_("No credential is secret. Mark the one that is with secret = true."))
    for n, option in enumerate(options):
        if option.default is not None:
            yield from _cleaned([option], {option.key: option.default}, f"options[{n}].default")
    if given.sample is None:
        return
    if given.credentials is not None:
        yield from _cleaned(credentials, given.sample.credentials, "sample.credentials")
        if missing := [each.key for each in credentials if each.key not in given.sample.credentials]:
            words = N_("There is no made-up value for {missing}. Add it, for the examples.")
            yield Problem("sample.credentials", words.format(missing=", ".join(missing)))
    if given.options is not None:
        yield from _cleaned(options, given.sample.options, "sample.options")


def _cleaned(settings: Iterable[Setting], values: Mapping[str, Any], place: str) -> Iterator[Problem]:
    try:
        clean(tuple(settings), values)
    except SettingError as error:
        yield Problem(place, str(error))


def _duplicates(given: Any) -> Iterator[Problem]:
    lists = {
        "credentials": [each.key for each in given.credentials or ()],
        "options": [each.key for each in given.options or ()],
        "answer.codes": [each.code for each in (given.answer.codes if given.answer else ())],
        "receipts.states": [each.word.lower() for each in (given.receipts.states if given.receipts else ())],
        "poll.states": [each.word.lower() for each in (given.poll.states if given.poll else ())],
        "examples": [each.name for each in given.examples or ()],
    }
    for place, names in lists.items():
        for name in (name for name, count in Counter(names).items() if count > 1):
            yield Problem(place, N_("{name} is there twice. Remove one.").format(name=repr(name)))


def _body_places(given: Any) -> Iterator[Problem]:
    """Two fields in one place, names that can't stand in XML, and XML without exactly one outer element."""
    for section in ("request", "poll", "test", "balance"):
        call: CallModel | None = getattr(given, section)
        if call is None or call.format == "form":
            continue
        rows = [row.model_copy(update={"when": None, "type": "text"}) for row in call.body]
        any_list: dict[str, list[tuple[str | int, str]]] = {row.each: [("x", "")] for row in rows if row.each}
        try:
            fields = fields_of(rows, Given({}, any_list), is_tree=True)
            tree = tree_of(fields)
            if call.format == "xml":
                xml_of(fields)
        except Misconfigured as error:
            yield Problem(f"{section}.body", N_("{problem_text} Correct the names.").format(problem_text=error.detail))
        else:
            if call.format == "xml" and len(tree) != 1:
                yield Problem(f"{section}.body", N_("XML has one outer element. Begin each name with its name."))


def _sent(given: Any) -> Iterator[Problem]:
    """What the request must send, and must not, by the facts of the vendor."""
    if given.vendor is None or given.request is None:
        return
    names, vendor = names_in(given.request, given), given.vendor
    wanted = {
        "to": True,
        "text": vendor.carries != "template",
        "template": vendor.carries != "text",
        "sender": vendor.sender != "fixed",
        "callback_url": given.receipts is not None and given.receipts.address == "per_message",
    }
    for name in (name for name, is_wanted in wanted.items() if is_wanted and name not in names):
        words = N_("The request does not send {{{name}}}, as the facts require. Add a field, or correct the fact.")
        yield Problem("request", words.format(name=name))
    for name, fact in (("sender", "sender"), ("text", "carries"), ("template", "carries")):
        if name in names and not wanted[name]:
            words = N_("The request sends {{{name}}}, and this fact says that it does not. Correct one of them.")
            yield Problem(f"vendor.{fact}", words.format(name=name))
    if vendor.carries == "text" and any(name.startswith("parameter") for name in names):
        yield Problem("vendor.carries", N_("The request sends parameters, and a text has none. Correct one of them."))
    if vendor.repeats_are_safe and not _always_sends_reference(given.request):
        yield Problem("vendor.repeats_are_safe", N_("Only a call with {reference} can be repeated. Add the field."))


def _always_sends_reference(call: CallModel) -> bool:
    """As it is, in each call: not as the constant of a word table, and not in a field that may be left out."""
    rows = [*call.headers, *call.query, *call.body]
    return any(
        "reference" in each.names for each in (call.path, *(row.value for row in rows if row.value and not row.when))
    )


def _refusals(given: Any) -> Iterator[Problem]:
    """Only the vendor's own mark makes an unlisted code a refusal: a status alone does not say that it is one."""
    refused_when = given.answer.refused_when if given.answer else ()
    if refused_when and not any(each.path is not None and not each.not_ for each in refused_when):
        words = N_("A refusal needs a mark in the answer. Add a condition with `path`, or remove the others.")
        yield Problem("answer.refused_when", words)


def _doubts(given: Any) -> Iterator[Problem]:
    if given.vendor is None or given.answer is None:
        return
    approved = {"template": given.vendor.carries != "text", "sender": given.vendor.sender != "fixed"}
    for n, code in enumerate(given.answer.codes):
        if code.doubts and (code.class_ != "config" or not approved[code.doubts]):
            words = N_("Only a code of the class config can put a {what} in doubt that calls have. Remove it.")
            yield Problem(f"answer.codes[{n}].doubts", words.format(what=code.doubts))


def _reports(given: Any) -> Iterator[Problem]:
    for place, each in (("receipts", given.receipts), ("poll", given.poll)):
        if each is None:
            continue
        own_address = place == "receipts" and each.address == "per_message"
        if not own_address and not (each.reference or each.id or each.to):
            yield Problem(place, N_("A report names no message. Add the path of `reference`, `id` or `to`."))
        for n, state in enumerate(each.states):
            if state.left is False and state.state in ("accepted", "sent", "delivered"):
                words = N_("A message that never left can't be {state}. Remove `left`.")
                yield Problem(f"{place}.states[{n}].left", words.format(state=state.state))
    if given.poll and not given.poll.states and not given.receipts:
        yield Problem("poll.states", N_("There is no table of states here, and none in `receipts`. Add one."))
    after = given.poll.after if given.poll else []
    if sorted(set(after)) != after:
        yield Problem("poll.after", N_("Write the seconds in rising order, each larger than the one before."))


def _own_signature(given: Any) -> Iterator[Problem]:
    auth = given.auth
    if auth is None or auth.kind != "signature":
        return
    if "body" in auth.text.names and auth.place == "body":
        yield Problem("auth.text", N_("A signature in the body can't cover {body}. Use {sorted}, or another place."))
    if not _has_secret(given, auth.key, auth.text.names):
        yield Problem("auth.text", UNKEYED)
    calls = [call for call in (getattr(given, name) for name in OF_CALLS) if call]
    if auth.place == "body" and any(call.method == "GET" or call.format == "xml" for call in calls):
        words = N_("A call by GET, or in XML, has no place for it in its body. Write query or header.")
        yield Problem("auth.place", words)


def _vendors_signature(given: Any) -> Iterator[Problem]:
    rule = given.receipts.signature if given.receipts else None
    if rule is None:
        return
    if rule.algorithm != "equal" and not {"body", "sorted", "sorted_safe"} & rule.text.names:
        yield Problem("receipts.signature.text", N_("It does not cover the call. Add {body} or {sorted}."))
    elif "body" in rule.text.names and given.receipts.source in ("fields", "query"):
        words = N_("{{body}} does not cover the query, from which {value} is read, too. Write form, json, xml or text.")
        yield Problem("receipts.source", words.format(value=given.receipts.source))
    # the key of Ed25519 is public
    if rule.algorithm != "ed25519" and not _has_secret(given, rule.key, rule.text.names):
        yield Problem("receipts.signature.text", UNKEYED)


UNKEYED = N_("Anyone could make this signature. Add `key`, or {credential.…} to the text, with a secret credential.")


def _has_secret(given: Any, key: str | None, names: Iterable[str]) -> bool:
    secrets = {each.key for each in given.credentials or () if each.secret}
    used = {name.removeprefix("credential.") for name in names if name.startswith("credential.")}
    return given.credentials is None or bool(secrets & used) or key in secrets


def _examples(given: Any) -> Iterator[Problem]:
    """Each part of the description has an example, because a part that no example covers is not tested."""
    if given.examples is None:
        return
    of = {call: [each for each in given.examples if each.of == call] for call in ("send", "poll", "test", "balance")}
    sent, signature = of["send"], given.receipts and given.receipts.signature
    covered = {
        N_("a request"): any(each.request for each in sent),
        N_("an accepted answer"): any(each.means == "accepted" for each in sent),
        N_("an answer that is not accepted"): any(each.means not in (None, "accepted") for each in sent),
        N_("a receipt"): not given.receipts or any(each.receipt and each.reports for each in sent),
        N_("a forged receipt"): not signature or any(each.forged for each in sent),
    }
    for what in (what for what, is_covered in covered.items() if not is_covered):
        yield Problem("examples", N_("There is no example of {what_text}. Add one.").format(what_text=what))
    for call in (call for call in ("poll", "test", "balance") if getattr(given, call)):
        if not (any(each.request for each in of[call]) and any(each.answer for each in of[call])):
            words = N_("There is no example of a request and of an answer with of = {name}. Add them.")
            yield Problem("examples", words.format(name=shown(call)))
    for n, each in enumerate(given.examples):
        if each.of != "send" and getattr(given, each.of) is None:
            words = N_("There is no section {name}. Add it, or correct the name.")
            yield Problem(f"examples[{n}].of", words.format(name=each.of))


CHECKS: tuple[Callable[[Any], Iterable[Problem]], ...] = (
    _names,
    _settings,
    _duplicates,
    _body_places,
    _sent,
    _refusals,
    _doubts,
    _reports,
    _own_signature,
    _vendors_signature,
    _examples,
)
