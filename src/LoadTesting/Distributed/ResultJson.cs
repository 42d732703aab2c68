using System.Globalization;
using System.Text.Json.Nodes;

namespace Fettle.LoadTesting.Distributed;

/// <summary>A result as a worker sends it. Histograms keep every slot.</summary>
static class ResultJson
{
    public static JsonObject Write(LoadResult r) => new()
    {
        ["startedAt"] = r.StartedAt.ToString("O", CultureInfo.InvariantCulture),
        ["seconds"] = r.Seconds,
        ["requests"] = r.Requests,
        ["failed"] = r.Failed,
        ["errors"] = new JsonObject([.. r.Errors.Select(e => KeyValuePair.Create(e.Key, (JsonNode?)e.Value))]),
        ["samples"] = new JsonArray([.. r.ErrorSamples.Select(s => (JsonNode)new JsonArray(s.Class, s.Request, s.Detail, s.AtSeconds))]),
        ["latency"] = Histogram(r.Latency),
        ["service"] = Histogram(r.ServiceTime),
        ["sendLag"] = Histogram(r.SendLag),
        ["byRequest"] = new JsonArray([.. r.ByRequest.Select(b => (JsonNode)new JsonArray(b.Name, b.Requests, b.Failed, Histogram(b.Latency), Histogram(b.ServiceTime)))]),
        ["blocks"] = new JsonArray([.. r.Blocks.Select(b => (JsonNode)new JsonArray(b.StartSeconds, b.Requests, b.Failed, Number(b.MedianMilliseconds), Number(b.P95Milliseconds), Number(b.P99Milliseconds), Number(b.MaxMilliseconds), new JsonArray([.. b.Heat.Select(h => (JsonNode)h)])))]),
        ["late"] = r.Late,
        ["dropped"] = r.Dropped,
        ["retried"] = r.Retried,
        ["connections"] = r.ConnectionsOpened,
        ["bytes"] = r.BytesReceived,
        ["cpu"] = Number(r.Generator.CpuSeconds),
        ["runQueue"] = Number(r.Generator.RunQueueSeconds),
        ["dispatchLag"] = Histogram(r.Generator.DispatchLag),
        ["limited"] = r.Generator.Limited,
        ["reason"] = r.Generator.Reason,
        ["interrupted"] = r.Interrupted,
    };

    /// <exception cref="InvalidOperationException">The text is not what <see cref="Write"/> makes.</exception>
    public static LoadResult Read(JsonNode n) => new()
    {
        StartedAt = DateTimeOffset.Parse((string)n["startedAt"]!, CultureInfo.InvariantCulture),
        Seconds = (double)n["seconds"]!,
        Requests = (long)n["requests"]!,
        Failed = (long)n["failed"]!,
        Errors = n["errors"]!.AsObject().ToDictionary(e => e.Key, e => (long)e.Value!),
        ErrorSamples = [.. n["samples"]!.AsArray().Select(s => new ErrorSample((string)s![0]!, (string)s[1]!, (string)s[2]!, (double)s[3]!))],
        Latency = Histogram(n["latency"]!),
        ServiceTime = Histogram(n["service"]!),
        SendLag = Histogram(n["sendLag"]!),
        ByRequest = [.. n["byRequest"]!.AsArray().Select(b => new RequestResult((string)b![0]!, (long)b[1]!, (long)b[2]!, Histogram(b[3]!), Histogram(b[4]!)))],
        Blocks = [.. n["blocks"]!.AsArray().Select(b => new LoadBlock((double)b![0]!, (long)b[1]!, (long)b[2]!, Number(b[3]), Number(b[4]), Number(b[5]), Number(b[6])) { Heat = [.. b[7]!.AsArray().Select(h => (int)h!)] })],
        Late = (long)n["late"]!,
        Dropped = (long)n["dropped"]!,
        Retried = (long)n["retried"]!,
        ConnectionsOpened = (long)n["connections"]!,
        BytesReceived = (long)n["bytes"]!,
        Generator = new GeneratorWatch(Number(n["cpu"]), Number(n["runQueue"]), Histogram(n["dispatchLag"]!), (bool)n["limited"]!, (string)n["reason"]!),
        Interrupted = (bool)n["interrupted"]!,
    };

    static JsonArray Histogram(LatencyHistogram h) => new([.. h.Buckets().SelectMany(b => new JsonNode[] { b.UpperMilliseconds, b.Count })]);

    static LatencyHistogram Histogram(JsonNode node) => LatencyHistogram.FromBuckets(node.AsArray().Chunk(2).Select(p => ((double)p[0]!, (long)p[1]!)));

    static JsonNode? Number(double value) => double.IsFinite(value) ? value : null;

    static double Number(JsonNode? node) => node is null ? double.NaN : (double)node;
}
