using System.Collections.Concurrent;
using System.Data.Common;
using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Fettle.Databases.Sql;

namespace Fettle.Databases.Recording;

/// <summary>The running account of one statement shape. Counters are interlocked; sampling takes a short lock and only now and then.</summary>
internal sealed class StatementEntry(string sql, string example, SqlStatement statement)
{
    const int MostSamples = 16;
    const int MostEndpoints = 64;
    readonly LatencyBuckets _latency = new();
    readonly ConcurrentDictionary<string, EndpointCount> _endpoints = new(StringComparer.Ordinal);
    readonly List<KeyValuePair<string, object?>[]> _samples = [];
    long _calls;
    long _started;
    long _rows;
    long _errors;
    long _ticks;
    long _maxTicks;
    long _nextSample;

    public string Sql => sql;

    public SqlStatement Statement => statement;

    /// <summary>Names the clock, chance or the session: two calls may differ though no data did.</summary>
    public bool Volatile { get; init; }

    public void Add(long ticks, long rows, bool failed)
    {
        Interlocked.Increment(ref _calls);
        Interlocked.Add(ref _rows, rows);
        Interlocked.Add(ref _ticks, ticks);
        if (failed)
        {
            Interlocked.Increment(ref _errors);
        }

        if (ticks > System.Threading.Volatile.Read(ref _maxTicks))
        {
            System.Threading.Volatile.Write(ref _maxTicks, ticks); // A lost race forgets one of two maxima of the same instant.
        }

        _latency.Add(ticks);
    }

    /// <summary>Samples the first calls, then one in ever more calls (reservoir sampling: every call has the same chance to be kept).</summary>
    public void Sample(DbParameterCollection parameters)
    {
        var call = Interlocked.Increment(ref _started);
        if (call < System.Threading.Volatile.Read(ref _nextSample) || parameters.Count == 0)
        {
            return;
        }

        var sample = new KeyValuePair<string, object?>[parameters.Count];
        for (var i = 0; i < sample.Length; i++)
        {
            sample[i] = new(parameters[i].ParameterName, parameters[i].Value);
        }

        lock (_samples)
        {
            if (_samples.Count < MostSamples)
            {
                _samples.Add(sample);
                _nextSample = 0;
                if (_samples.Count < MostSamples)
                {
                    return;
                }
            }
            else
            {
                _samples[Random.Shared.Next(MostSamples)] = sample;
            }

            // The gap to the next kept call, geometric with success chance k/n.
            var gap = Math.Log(1 - Random.Shared.NextDouble()) / Math.Log(1 - Math.Min(0.999, (double)MostSamples / (call + 1)));
            _nextSample = call + 1 + (long)Math.Min(gap, 1e9);
        }
    }

    public void AddEndpoint(string name, int callsInRequest)
    {
        if (!_endpoints.TryGetValue(name, out var count))
        {
            count = _endpoints.GetOrAdd(_endpoints.Count >= MostEndpoints ? "(other)" : name, static _ => new EndpointCount());
        }

        lock (count)
        {
            count.Calls += callsInRequest;
            count.Requests++;
            count.Most = Math.Max(count.Most, callsInRequest);
        }
    }

    public RecordedQuery Read()
    {
        var buckets = _latency.Read();
        var calls = buckets.Sum(b => b.Count);
        var total = Milliseconds(Interlocked.Read(ref _ticks));
        var max = Milliseconds(Interlocked.Read(ref _maxTicks));
        double At(double percentile)
        {
            var rank = Math.Max(1, (long)Math.Ceiling(calls * percentile));
            foreach (var (upper, count) in buckets)
            {
                rank -= count;
                if (rank <= 0)
                {
                    return Math.Min(upper, max);
                }
            }

            return 0;
        }

        return new RecordedQuery
        {
            Sql = sql,
            Example = example,
            Calls = calls,
            Rows = Interlocked.Read(ref _rows),
            Errors = Interlocked.Read(ref _errors),
            TotalMs = total,
            MeanMs = calls == 0 ? 0 : total / calls,
            P50Ms = At(0.50),
            P95Ms = At(0.95),
            P99Ms = At(0.99),
            MaxMs = max,
            HistogramUpperMs = [.. buckets.Select(b => b.UpperMilliseconds)],
            HistogramCounts = [.. buckets.Select(b => b.Count)],
            Tables = statement.Tables,
            Writes = statement.Kind == SqlStatementKind.Write,
            Endpoints = [.. _endpoints.Select(e => new RecordedEndpoint(e.Key, e.Value.Calls, e.Value.Requests, e.Value.Most)).OrderByDescending(e => e.Calls)],
            Samples = ReadSamples(),
        };
    }

    List<IReadOnlyDictionary<string, JsonElement>> ReadSamples()
    {
        lock (_samples)
        {
            return [.. _samples.Select(s => (IReadOnlyDictionary<string, JsonElement>)s
                .GroupBy(p => p.Key.TrimStart('@', ':', '$'))
                .ToDictionary(p => p.Key, p => ToJson(p.Last().Value)))];
        }
    }

    /// <summary>Numbers and booleans stay; dates are ISO; bytes say only their length; long texts are cut.</summary>
    static JsonElement ToJson(object? value) => value switch
    {
        null or DBNull => JsonSerializer.SerializeToElement<string?>(null, SampleJson.Default.String),
        bool b => JsonSerializer.SerializeToElement(b, SampleJson.Default.Boolean),
        sbyte or byte or short or ushort or int or uint or long => JsonSerializer.SerializeToElement(Convert.ToInt64(value, CultureInfo.InvariantCulture), SampleJson.Default.Int64),
        float or double when double.IsFinite(Convert.ToDouble(value, CultureInfo.InvariantCulture)) => JsonSerializer.SerializeToElement(Convert.ToDouble(value, CultureInfo.InvariantCulture), SampleJson.Default.Double),
        decimal d => JsonSerializer.SerializeToElement(d, SampleJson.Default.Decimal),
        DateTime t => Text(t.ToString(t.TimeOfDay == TimeSpan.Zero ? "yyyy-MM-dd" : "yyyy-MM-ddTHH:mm:ss.FFFFFFFK", CultureInfo.InvariantCulture)),
        DateTimeOffset t => Text(t.ToString("O", CultureInfo.InvariantCulture)),
        DateOnly d => Text(d.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture)),
        byte[] bytes => Text($"({bytes.Length} bytes)"),
        string s => Text(s),
        System.Collections.IEnumerable list => JsonSerializer.SerializeToElement(list.Cast<object?>().Take(64).Select(ToJson).ToArray(), SampleJson.Default.JsonElementArray),
        _ => Text(Convert.ToString(value, CultureInfo.InvariantCulture) ?? ""),
    };

    static JsonElement Text(string text) => JsonSerializer.SerializeToElement(text.Length <= 256 ? text : text[..256], SampleJson.Default.String);

    static double Milliseconds(long ticks) => ticks * 1000.0 / Stopwatch.Frequency;

    sealed class EndpointCount
    {
        public long Calls;
        public long Requests;
        public int Most;
    }
}

[System.Text.Json.Serialization.JsonSerializable(typeof(string))]
[System.Text.Json.Serialization.JsonSerializable(typeof(bool))]
[System.Text.Json.Serialization.JsonSerializable(typeof(long))]
[System.Text.Json.Serialization.JsonSerializable(typeof(double))]
[System.Text.Json.Serialization.JsonSerializable(typeof(decimal))]
[System.Text.Json.Serialization.JsonSerializable(typeof(JsonElement[]))]
internal sealed partial class SampleJson : System.Text.Json.Serialization.JsonSerializerContext;
