using System.Buffers;
using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using System.Globalization;

namespace Fettle.AspNetCore;

/// <summary>The series of one instrument under its Prometheus name.</summary>
internal sealed class InstrumentSeries
{
    const int StackCharacters = 512;
    const string Overflow = "otel_metric_overflow=\"true\"";

    readonly ConcurrentDictionary<string, MetricSeries>.AlternateLookup<ReadOnlySpan<char>> _lookup;
    readonly double[]? _bounds;
    readonly bool _observesTotals;
    readonly SeenTags?[] _seen = new SeenTags?[SeenTags.Slots];
    MetricSeries? _untagged;

    public InstrumentSeries(Instrument instrument, double[] defaultBounds)
    {
        var type = instrument.GetType();
        var kind = type.IsGenericType ? type.GetGenericTypeDefinition() : type;
        _observesTotals = kind == typeof(ObservableCounter<>) || kind == typeof(ObservableUpDownCounter<>) || kind == typeof(ObservableGauge<>) || kind == typeof(Gauge<>);
        Family = kind == typeof(Histogram<>) ? MetricFamily.Histogram
            : kind == typeof(Counter<>) || kind == typeof(ObservableCounter<>) ? MetricFamily.Counter
            : MetricFamily.Gauge;
        _bounds = Family == MetricFamily.Histogram ? Bounds(instrument, defaultBounds) : null;
        Name = PrometheusText.Name(instrument.Name, instrument.Unit, Family);
        Help = instrument.Description ?? instrument.Name;
        _lookup = Series.GetAlternateLookup<ReadOnlySpan<char>>();
    }

    /// <summary>One that is written to directly instead of by a listener.</summary>
    /// <param name="name">Of OpenTelemetry.</param>
    /// <param name="unit">Its unit.</param>
    /// <param name="help">A sentence.</param>
    /// <param name="bounds">Of a histogram's buckets; null for a gauge.</param>
    public InstrumentSeries(string name, string unit, string help, double[]? bounds)
    {
        (Family, Help, _bounds) = (bounds is null ? MetricFamily.Gauge : MetricFamily.Histogram, help, bounds);
        Name = PrometheusText.Name(name, unit, Family);
        _lookup = Series.GetAlternateLookup<ReadOnlySpan<char>>();
    }

    public string Name { get; }

    public string Help { get; }

    public MetricFamily Family { get; }

    public ConcurrentDictionary<string, MetricSeries> Series { get; } = new(StringComparer.Ordinal);

    /// <summary>The series of a set of tags, to be written to directly.</summary>
    public MetricSeries Of(params ReadOnlySpan<KeyValuePair<string, object?>> tags) => Find(tags);

    public void Record(double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        var series = Find(tags);
        if (Family == MetricFamily.Histogram)
        {
            series.Observe(value);
        }
        else if (_observesTotals)
        {
            series.Set(value);
        }
        else
        {
            series.Add(value);
        }
    }

    static double[] Bounds(Instrument instrument, double[] defaults)
    {
        // The advice of http.server.request.duration starts at 5 ms: too coarse for cached answers.
        if (instrument.Unit == "s")
        {
            return defaults;
        }

        return instrument is Histogram<long> { Advice.HistogramBucketBoundaries: { } l } ? [.. l.Select(b => (double)b)]
            : instrument is Histogram<double> { Advice.HistogramBucketBoundaries: { } d } ? [.. d]
            : [1, 2, 5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 100_000, 1_000_000];
    }

    MetricSeries Find(ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        if (tags.IsEmpty)
        {
            return _untagged ??= Series.GetOrAdd("", static (key, bounds) => new MetricSeries(key, bounds), _bounds);
        }

        ref var seen = ref _seen[SeenTags.Slot(tags)];
        if (seen is { } last && last.Equal(tags))
        {
            return last.Series;
        }

        var series = FindByLabels(tags);
        seen = SeenTags.Of(tags, series) ?? seen;
        return series;
    }

    MetricSeries FindByLabels(ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        var writer = new LabelWriter(stackalloc char[StackCharacters]);
        foreach (var (name, value) in tags)
        {
            writer.Add(name, value);
        }

        if (_lookup.TryGetValue(writer.Written, out var found))
        {
            return found;
        }

        var labels = writer.Fits && Series.Count < MetricsCollector.SeriesPerInstrument ? writer.Written.ToString() : Overflow;
        return Series.GetOrAdd(labels, static (key, bounds) => new MetricSeries(key, bounds), _bounds);
    }

    /// <summary>Renders labels into a stack buffer so that recording an existing series does not allocate.</summary>
    ref struct LabelWriter(Span<char> buffer)
    {
        static readonly SearchValues<char> Escaped = SearchValues.Create("\\\"\n");
        readonly Span<char> _buffer = buffer;
        int _length;

        public bool Fits { get; private set; } = true;

        public readonly ReadOnlySpan<char> Written => _buffer[.._length];

        public void Add(string name, object? value)
        {
            if (_length > 0)
            {
                Append(',');
            }

            foreach (var c in name)
            {
                Append(char.IsAsciiLetterOrDigit(c) ? c : '_');
            }

            Append('=');
            Append('"');
            switch (value)
            {
                case string text:
                    AppendEscaped(text);
                    break;
                case bool flag:
                    AppendEscaped(flag ? "true" : "false");
                    break;
                case ISpanFormattable number when Fits && number.TryFormat(_buffer[_length..], out var written, default, CultureInfo.InvariantCulture):
                    _length += written;
                    break;
                default:
                    AppendEscaped(value?.ToString() ?? "");
                    break;
            }

            Append('"');
        }

        void AppendEscaped(string text)
        {
            if (text.AsSpan().IndexOfAny(Escaped) < 0 && text.Length <= _buffer.Length - _length)
            {
                text.CopyTo(_buffer[_length..]);
                _length += text.Length;
                return;
            }

            foreach (var c in text)
            {
                if (c is '\\' or '"' or '\n')
                {
                    Append('\\');
                }

                Append(c == '\n' ? 'n' : c);
            }
        }

        void Append(char c)
        {
            if (_length < _buffer.Length)
            {
                _buffer[_length++] = c;
            }
            else
            {
                Fits = false;
            }
        }
    }
}
