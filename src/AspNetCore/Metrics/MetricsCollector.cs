using System.Collections.Concurrent;
using System.Collections.Frozen;
using System.Diagnostics.Metrics;

namespace Fettle.AspNetCore;

/// <summary>
/// Listens to the meters of ASP.NET Core, Kestrel, the runtime, Npgsql and Fettle's libraries and keeps their values, beside those of the requests.
/// The name of an instrument is known when it is published; a set of tags becomes a series when it is first seen,
/// at most <see cref="SeriesPerInstrument"/> of them, the rest share one with <c>otel_metric_overflow="true"</c>.
/// </summary>
internal sealed class MetricsCollector : IDisposable
{
    public const int SeriesPerInstrument = 1_000;

    /// <summary>Seconds; sub-millisecond bounds because cached answers live there.</summary>
    public static readonly double[] DurationBounds =
        [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

    /// <summary>The meters listened to; <c>*</c> stands for any end.</summary>
    public static readonly string[] Meters = ["Microsoft.AspNetCore.*", "System.Runtime", "Npgsql*", "Fettle.*"];

    /// <summary>
    /// Written for every request, several times by some: the pipeline knows the requests itself (<see cref="RequestMetrics"/>), and the matches of
    /// routes and the blocks that connections borrow tell only what requests tell.
    /// </summary>
    static readonly FrozenSet<string> PerRequest = FrozenSet.ToFrozenSet(
        ["http.server.request.duration", "http.server.active_requests", "aspnetcore.routing.match_attempts", "aspnetcore.memory_pool.rented", "aspnetcore.memory_pool.pooled"],
        StringComparer.Ordinal);

    static readonly string[] Prefixes = [.. Meters.Select(m => m.TrimEnd('*'))];

    readonly MeterListener _listener = new();
    readonly ConcurrentDictionary<Instrument, InstrumentSeries> _instruments = new();

    /// <param name="listens">False to hear nothing.</param>
    public MetricsCollector(bool listens = true)
    {
        if (!listens)
        {
            return;
        }

        Requests = new RequestMetrics();
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (!IsPerRequest(instrument) && Prefixes.Any(p => instrument.Meter.Name.StartsWith(p, StringComparison.Ordinal)))
            {
                listener.EnableMeasurementEvents(instrument, _instruments.GetOrAdd(instrument, i => new InstrumentSeries(i, DurationBounds)));
            }
        };
        _listener.MeasurementsCompleted = (instrument, _) => _instruments.TryRemove(instrument, out var _);
        _listener.SetMeasurementEventCallback<byte>(static (_, value, tags, state) => ((InstrumentSeries)state!).Record(value, tags));
        _listener.SetMeasurementEventCallback<short>(static (_, value, tags, state) => ((InstrumentSeries)state!).Record(value, tags));
        _listener.SetMeasurementEventCallback<int>(static (_, value, tags, state) => ((InstrumentSeries)state!).Record(value, tags));
        _listener.SetMeasurementEventCallback<long>(static (_, value, tags, state) => ((InstrumentSeries)state!).Record(value, tags));
        _listener.SetMeasurementEventCallback<float>(static (_, value, tags, state) => ((InstrumentSeries)state!).Record(value, tags));
        _listener.SetMeasurementEventCallback<double>(static (_, value, tags, state) => ((InstrumentSeries)state!).Record(value, tags));
        _listener.SetMeasurementEventCallback<decimal>(static (_, value, tags, state) => ((InstrumentSeries)state!).Record((double)value, tags));
        _listener.Start();
    }

    /// <summary>What the pipeline writes itself; null when nothing is heard.</summary>
    public RequestMetrics? Requests { get; }

    /// <summary>All instruments that have a value, after asking the observable ones; ordered by name.</summary>
    public IReadOnlyList<InstrumentSeries> Collect()
    {
        try
        {
            _listener.RecordObservableInstruments();
        }
        catch (AggregateException)
        {
            // All were asked; what one library's instrument threw (one that is just being made or disposed of) must not hide the others.
        }

        return [.. _instruments.Values.Concat(Requests?.Instruments ?? []).Where(i => !i.Series.IsEmpty).OrderBy(i => i.Name, StringComparer.Ordinal)];
    }

    static bool IsPerRequest(Instrument instrument) =>
        PerRequest.Contains(instrument.Name) && instrument.Meter.Name.StartsWith("Microsoft.AspNetCore.", StringComparison.Ordinal);

    public void Dispose() => _listener.Dispose();
}

/// <summary>What kind of Prometheus family an instrument becomes.</summary>
internal enum MetricFamily
{
    Counter,
    Gauge,
    Histogram,
}
