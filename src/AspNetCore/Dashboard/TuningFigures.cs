using System.Diagnostics.Metrics;
using System.Text.Json;

namespace Fettle.AspNetCore;

/// <summary>How the newest tuning run of the state folder ended, as a gauge: actions by verdict. Read again only when the run's result changed.</summary>
internal sealed class TuningFigures : IDisposable
{
    readonly Meter _meter = new("Fettle.Tuning");
    readonly string _state;
    readonly Lock _lock = new();
    (string Path, DateTime Written) _read;
    Measurement<int>[] _values = [];

    public TuningFigures(FettleOptions options)
    {
        _state = options.StateFolder;
        _meter.CreateObservableGauge("fettle.tuning.actions", Read, "{action}", "Actions of the newest tuning run by verdict");
    }

    public void Dispose() => _meter.Dispose();

    IEnumerable<Measurement<int>> Read()
    {
        lock (_lock)
        {
            try
            {
                var folder = new DirectoryInfo(Path.Combine(_state, "runs"));
                var newest = folder.Exists
                    ? folder.EnumerateDirectories().OrderByDescending(d => d.Name, StringComparer.Ordinal).Select(d => new FileInfo(Path.Combine(d.FullName, "result.json"))).FirstOrDefault(f => f.Exists)
                    : null;
                if (newest is null)
                {
                    return [];
                }

                if (_read != (newest.FullName, newest.LastWriteTimeUtc))
                {
                    _values = Count(newest);
                    _read = (newest.FullName, newest.LastWriteTimeUtc);
                }
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException or JsonException or InvalidOperationException or KeyNotFoundException)
            {
                // The tuner may be writing it; the last figures stand until it is whole.
            }

            return _values;
        }
    }

    static Measurement<int>[] Count(FileInfo result)
    {
        using var document = JsonDocument.Parse(File.ReadAllBytes(result.FullName));
        return document.RootElement.TryGetProperty("verdicts", out var verdicts)
            ? [.. verdicts.EnumerateArray().Where(v => v.GetProperty("subject").GetString() != "total")
                .GroupBy(v => v.GetProperty("verdict").GetString() ?? "")
                .Select(g => new Measurement<int>(g.Count(), new KeyValuePair<string, object?>("verdict", g.Key)))]
            : [];
    }
}
