"""The endpoints of criteria, assertions, and of what people's labels say of both."""

from fastapi import APIRouter

from service.criteria import criteria_api

router = APIRouter(tags=["criteria"])
router.include_router(criteria_api.router)
