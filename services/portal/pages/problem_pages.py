"""Pages for what goes wrong: what it is, what to do, and a way out."""

from typing import Any, Final

from fastapi import Request, Response
from fastapi.responses import PlainTextResponse, RedirectResponse

from services.portal.clients.api import Away
from services.portal.domain.local_paths import page_of
from services.portal.pages.access import FORM, KEPT, SignInNeeded, where_to
from services.portal.pages.account.person import ProofNeeded, prove_address
from services.portal.pages.forms import Form
from services.portal.pages.page import CODE_REFUSED, Page
from services.portal.pages.problem_texts import advice_on, detail_of, title_of
from services.portal.pages.session import kept_cookie, sign_in_address
from services.portal.pages.state import PortalApp
from services.portal.pages.visitor import LIVE, set_cookie, visitor_of
from shared import context
from shared.personal_identity import contains_code
from shared.problems import Problem, not_found
from shared.web.base import state_of

_NOT_FOUND: Final = frozenset({"malformed", "invalid"})
"""What is wrong with an address itself: there is no such page"""


def answer_problem(request: Request, problem: Problem) -> Response:
    """A problem as a page; who is not signed in is led to sign in, and back."""
    state = state_of(request, PortalApp)
    if isinstance(problem, SignInNeeded):
        # A stream is no page: by 204 a browser stops asking for it, and says nothing.
        return Response(status_code=204) if request.url.path == LIVE else _to_sign_in(request, state)
    if request.method in ("GET", "HEAD") and problem.name == "personal-identity-code":
        return _out_of_the_address(Page(request, state, visitor_of(request)))
    if isinstance(problem, ProofNeeded):
        return _led(request, prove_address(_where_from(request)))
    if request.method in ("GET", "HEAD") and type(problem) is Problem and problem.name in _NOT_FOUND:
        problem = not_found("page")
    try:
        return _page(request, state, problem)
    except Exception:
        return PlainTextResponse(f"{problem.title}. {problem.detail}\n", problem.status, headers=problem.headers)


def _page(request: Request, state: PortalApp, problem: Problem) -> Response:
    page = Page(request, state, visitor_of(request))
    if (form := request.scope.get(FORM)) is not None and _may_go_through_later(problem):
        return _form_again(request, page, form, problem)
    shown: dict[str, Any] = {
        "name": problem.name,
        "title": title_of(problem, page.language),
        "advice": advice_on(problem, page.language),
        "detail": detail_of(problem, page.language) if problem.name == "conflict" else None,
        "correlation_id": context.current().correlation_id if problem.status >= 500 else None,
    }
    kept = {name: value for name, value in problem.headers.items() if name in ("Retry-After", "Allow")}
    return page.render("problems/problem.html", status=problem.status, headers=kept, problem=shown)


def _out_of_the_address(page: Page) -> Response:
    """Lead to the same page without what was typed, so that a personal identity code stays in no browser's history."""
    path = page.request.url.path
    return page.redirect(f"{'/' if contains_code(path) else path}?{CODE_REFUSED}=yes")


def _may_go_through_later(problem: Problem) -> bool:
    """Whether it is not what was sent that is wrong."""
    return problem.status >= 500 or problem.status == 429


def _form_again(request: Request, page: Page, form: Form, problem: Problem) -> Response:
    """What was sent, to be sent again as it is: the page it was on may need the very API that does not answer.

    It carries the key that it had, so whatever was carried out of it already is not done a second time.
    """
    again = Form(page.language, form.values, unanswered=True)
    again.take(problem) if isinstance(problem, Away) else again.refuse("", page.t("problems.form.failed"))
    kept = {name: value for name, value in problem.headers.items() if name == "Retry-After"}
    shown = {"path": where_to(request), "correlation_id": context.current().correlation_id}
    template = "problems/form_part.html" if page.is_partial else "problems/form.html"
    return page.render(template, status=problem.status, headers=kept, form=again, **shown)


def _to_sign_in(request: Request, state: PortalApp) -> Response:
    """Lead to the sign-in page. A form that was kept comes back after it; else the page that was asked for does."""
    kept = request.scope.get(KEPT)
    target = sign_in_address("/session/kept" if kept else _where_from(request), ended=visitor_of(request).over)
    answer = _led(request, target)
    if kept:
        set_cookie(answer, kept, secure=state.secure, name=kept_cookie(secure=state.secure))
    return answer


def _where_from(request: Request) -> str:
    """The page that the request is about, to come back to."""
    return page_of(request.method, request.url.path, request.url.query, request.headers.get("Referer", ""))


def _led(request: Request, target: str) -> Response:
    """Lead to another page, in the way that the page's script or the browser understands."""
    if request.headers.get("HX-Request") == "true":
        return Response(status_code=204, headers={"HX-Redirect": target})
    return RedirectResponse(target, 303)
