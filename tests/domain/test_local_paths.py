"""The page that a request is about, on this site and nowhere else."""

import pytest

from services.portal.domain.local_paths import page_of


@pytest.mark.parametrize(
    ("method", "path", "query", "referer", "page"),
    [
        ("GET", "/desk", "queue=mine&queue=new", "http://localhost:8000/", "/desk?queue=mine&queue=new"),
        ("HEAD", "/desk", "", "", "/desk"),
        ("POST", "/desk/answers", "", "http://localhost:8000/desk?queue=mine", "/desk?queue=mine"),
        ("POST", "/desk/answers", "", "https://luotsi.example", "/"),
        ("POST", "/desk/answers", "", "", "/"),
        ("POST", "/desk/answers", "", "http://localhost:8000//evil.example/", "/"),
        ("GET", "//evil.example/", "", "", "/"),
        ("POST", "/desk/answers", "", "http://localhost:8000/\\evil.example", "/"),
    ],
)
def test_a_form_is_about_the_page_that_it_stands_on(
    method: str, path: str, query: str, referer: str, page: str
) -> None:
    assert page_of(method, path, query, referer) == page
