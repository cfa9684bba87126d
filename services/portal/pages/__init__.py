"""Routes that answer pages: a file or folder an area.

Every route has one `Access` (`access.py`), which says who may see it and hands it its `Page` (`page.py`):

    router = APIRouter()

    @router.get("/drafts")
    async def drafts(page: Annotated[Page, members("adviser")]) -> Response:
        answer = await page.referral.get("/referrals", {"status": "draft"})
        return page.render("drafts/list.html", drafts=answer["contents"])

What is posted is in `page.form` (`forms.py`), where the forgery check has been made already. An API that is away, or
says no, becomes a page by itself (`problem_pages.py`); `side_by_side` of `clients/api.py` lets a page show itself
without that part. Words are keys in `locales/` (`texts.py`). A new area's router goes into `areas.py`.
"""
