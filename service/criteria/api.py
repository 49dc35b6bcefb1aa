"""The endpoints of criteria, assertions, and of what people's labels say of both."""

from fastapi import APIRouter

from service.criteria import assertions_api, checking, criteria_api, runs_api, statistics_api, suggestions_api

router = APIRouter(tags=["criteria"], lifespan=checking.lifespan)
router.include_router(criteria_api.router)
router.include_router(assertions_api.router)
router.include_router(runs_api.router)
router.include_router(statistics_api.router)
router.include_router(suggestions_api.router)
