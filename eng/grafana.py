#!/usr/bin/env python3
"""Writes deploy/grafana/fettle.json: one board for every service that runs Fettle.AspNetCore. A test holds its metrics to those that services have."""
import json
import pathlib

S = 'service="$service"'
RATE = "http_server_request_duration_seconds"
PANELS = [
    ("Requests per second by route", "reqps", [(f"sum by (http_route) (rate({RATE}_count{{{S}}}[1m]))", "{{http_route}}")]),
    ("Errors in percent", "percent", [(f'100 * sum(rate({RATE}_count{{{S},http_response_status_code=~"5.."}}[1m])) / sum(rate({RATE}_count{{{S}}}[1m]))', "5xx")]),
    ("Latency", "s", [(f"histogram_quantile({q}, sum by (le) (rate({RATE}_bucket{{{S}}}[1m])))", name) for q, name in ((0.5, "p50"), (0.95, "p95"), (0.99, "p99"))]),
    ("Cache hits in percent", "percent", [(f"cache_hit_rate_percent{{{S}}}", "{{category}}")]),
    ("Cache reads per second", "reqps", [(f"sum by (category, result) (rate(fettle_cache_requests_total{{{S}}}[1m]))", "{{category}} {{result}}")]),
    ("Connections in use", "short", [(f'db_client_connection_count{{{S},db_client_connection_state="used"}}', "{{db_client_connection_pool_name}}"), (f"db_client_connection_max{{{S}}}", "allowed")]),
    ("Processors in use", "short", [(f"sum(rate(dotnet_process_cpu_time_seconds_total{{{S}}}[1m]))", "used"), (f"max(dotnet_process_cpu_count{{{S}}})", "there")]),
    ("Memory", "bytes", [(f"dotnet_process_memory_working_set_bytes{{{S}}}", "used"), (f"fettle_process_memory_limit_bytes{{{S}}}", "allowed")]),
    ("Switches", "short", [(f"fettle_switch_on{{{S}}}", "{{switch}}")]),
    ("Redis", "short", [(f"fettle_redis_connected{{{S}}}", "connected")]),
]

SOURCE = {"type": "prometheus", "uid": "${source}"}


def panel(index, title, unit, queries):
    return {
        "id": index + 1,
        "title": title,
        "type": "timeseries",
        "datasource": SOURCE,
        "gridPos": {"h": 8, "w": 12, "x": 12 * (index % 2), "y": 8 * (index // 2)},
        "fieldConfig": {"defaults": {"unit": unit, "min": 0}, "overrides": []},
        "targets": [{"refId": chr(65 + i), "expr": expr, "legendFormat": legend, "datasource": SOURCE} for i, (expr, legend) in enumerate(queries)],
    }


board = {
    "title": "Fettle",
    "uid": "fettle",
    "schemaVersion": 39,
    "refresh": "10s",
    "time": {"from": "now-1h", "to": "now"},
    "templating": {"list": [
        {"name": "source", "type": "datasource", "query": "prometheus"},
        {"name": "service", "type": "query", "datasource": SOURCE, "query": f"label_values({RATE}_count, service)"},
    ]},
    "annotations": {"list": [{
        "name": "Switches", "datasource": SOURCE, "enable": True, "titleFormat": "{{switch}} changed",
        "expr": f"changes(fettle_switch_changed_seconds{{{S}}}[1m]) > 0",
    }]},
    "panels": [panel(i, *p) for i, p in enumerate(PANELS)],
}
target = pathlib.Path(__file__).resolve().parent.parent / "deploy" / "grafana" / "fettle.json"
target.write_text(json.dumps(board, indent=2, ensure_ascii=False) + "\n")
