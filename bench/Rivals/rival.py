"""The cached prediction as FastAPI and Redis serve it: validate the body, look the answer up, send it."""
import datetime
import json
import os

import redis.asyncio as redis
from fastapi import FastAPI, HTTPException, Response
from pydantic import BaseModel, constr

app = FastAPI()
store = redis.Redis.from_url(os.environ["REDIS_URL"])


class PredictRequest(BaseModel):
    bse_code: constr(regex=r"^\d{6}$")
    prediction_date: datetime.date
    include_features: bool = False
    include_contributions: bool = False


async def find(request: PredictRequest) -> bytes:
    cached = await store.get(f"predict:{request.bse_code}:{request.prediction_date}:{request.include_features}:{request.include_contributions}")
    if cached is None:
        raise HTTPException(404, "not cached")
    return cached


@app.post("/decoded")
async def decoded(request: PredictRequest):
    return json.loads(await find(request))


@app.post("/raw")
async def raw(request: PredictRequest):
    return Response(await find(request), media_type="application/json")
