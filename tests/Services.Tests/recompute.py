#!/usr/bin/python3
"""Recomputes the 25 features with pandas, straight from docs/stocks.md, independent of the service's code.

    recompute.py DATABASE.db < "CODE DATE" lines > one CSV line of 25 values per input line (nan where missing)
"""
import math
import sqlite3
import sys

import numpy as np
import pandas as pd


def table(db, sql, code):
    return pd.read_sql_query(sql, db, params=(code,))


def ema_seeded(values, period, first):
    """Exponential mean that starts as the plain mean of the `period` values that end at index first + period - 1."""
    given, out = values.to_list(), [math.nan] * len(values)
    seed = first + period - 1
    out[seed] = values.iloc[first : seed + 1].mean()
    for i in range(seed + 1, len(given)):
        out[i] = out[i - 1] + (given[i] - out[i - 1]) * 2.0 / (period + 1)
    return pd.Series(out, index=values.index)


def rsi(close, period=14):
    change = close.diff().iloc[1:]
    gain, loss = change.clip(lower=0), (-change).clip(lower=0)
    g, l = gain.iloc[:period].mean(), loss.iloc[:period].mean()
    for up, down in zip(gain.to_list()[period:], loss.to_list()[period:]):
        g = (g * (period - 1) + up) / period
        l = (l * (period - 1) + down) / period
    return 0.0 if g + l == 0 else 100 * g / (g + l)


def macd(close):
    fast, slow = ema_seeded(close, 12, 14), ema_seeded(close, 26, 0)
    line = fast - slow
    signal = ema_seeded(line.iloc[25:], 9, 0)
    return line.iloc[-1], signal.iloc[-1], line.iloc[-1] - signal.iloc[-1]


def divide(a, b):
    return math.nan if b == 0 or math.isnan(b) or math.isnan(a) else a / b


def fundamentals(q, date):
    q = q[q.announced_on <= date].copy()
    if q.empty:
        return [math.nan] * 6
    q.index = q.year * 4 + q.quarter
    last = q.index.max()
    q = q.reindex(range(last - 8, last + 1)).astype({"revenue_cr": float})
    at = lambda column, back: float(q[column].loc[last - back])
    growth = lambda back: divide(at("revenue_cr", back) - at("revenue_cr", back + 4), abs(at("revenue_cr", back + 4)))
    margins = q.npm.iloc[-4:].to_numpy(dtype=float)
    slope = math.nan if np.isnan(margins).any() else np.polyfit(range(4), margins, 1)[0]
    profit = q.pat_cr.iloc[-4:].sum(skipna=False)
    growths = pd.Series([growth(k) for k in (4, 3, 2, 1)]).dropna()
    expected = at("revenue_cr", 4) * (1 + growths.mean()) if len(growths) else math.nan
    return [100 * growth(0), slope, 100 * divide(profit, at("equity_cr", 0)), divide(at("debt_cr", 0), at("equity_cr", 0)),
            divide(at("current_assets_cr", 0), at("current_liabilities_cr", 0)), 100 * divide(at("revenue_cr", 0) - expected, abs(expected))]


def news(n, date):
    end = pd.Timestamp(date) + pd.Timedelta(days=1)
    t = pd.to_datetime(n.published_at)
    between = lambda first, last: n.score[(t >= end - pd.Timedelta(days=first)) & (t < end - pd.Timedelta(days=last))]
    month, week, before, weeks = between(30, 0), between(7, 0), between(30, 7), between(63, 7)
    return [month.mean(), week.mean() - before.mean(), divide(float(len(week)), len(weeks) / 8)]


def earnings(days, closes, calendar, date):
    known = pd.Series(closes.to_numpy(), index=pd.to_datetime(days))
    returns = []
    for announced in pd.to_datetime(calendar):
        later = known.index[(known.index > announced)]
        if announced > pd.Timestamp(date) or later.empty or (later[0] - announced).days > 5:
            continue
        position = known.index.get_loc(later[0])
        if position >= 1:
            returns.append(100 * (known.iloc[position] / known.iloc[position - 1] - 1))
    returns = pd.Series(returns[-8:], dtype=float)
    coming = [d for d in calendar if d >= date]
    return [returns.mean(), returns.std(ddof=1), float((pd.Timestamp(min(coming)) - pd.Timestamp(date)).days) if coming else math.nan]


def features(db, code, date):
    bars = table(db, "SELECT date, close, volume FROM price_movements WHERE bse_code = ? ORDER BY date", code)
    bars = bars[bars.date <= date].reset_index(drop=True)
    close, volume = bars.close.astype(float), bars.volume.astype(float)
    middle, deviation = close.iloc[-20:].mean(), close.iloc[-20:].std(ddof=0)
    upper, lower = middle + 2 * deviation, middle - 2 * deviation
    percent = 0.5 if upper == lower else (close.iloc[-1] - lower) / (upper - lower)
    ratio = divide(volume.iloc[-1], volume.iloc[-30:-1].mean())
    values = [rsi(close), *macd(close), upper, middle, lower, percent, ratio, math.nan if math.isnan(ratio) else float(ratio > 2)]
    values += [100 * (close.iloc[-1] / close.iloc[-1 - k] - 1) for k in (5, 10, 30)]
    values += fundamentals(table(db, "SELECT * FROM historical_financials WHERE bse_code = ?", code), date)
    values += news(table(db, "SELECT published_at, score FROM news WHERE bse_code = ? ORDER BY published_at, id", code), date)
    calendar = sorted(table(db, "SELECT announce_on FROM earnings_calendar WHERE bse_code = ?", code).announce_on)
    return values + earnings(bars.date, close, calendar, date)


def main():
    db = sqlite3.connect(f"file:{sys.argv[1]}?mode=ro", uri=True)
    for line in sys.stdin:
        code, date = line.split()
        print(",".join("nan" if math.isnan(v) else repr(float(v)) for v in features(db, code, date)))


if __name__ == "__main__":
    main()
