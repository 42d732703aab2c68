using System.Globalization;

namespace Fettle.LoadTesting.Server;

/// <summary>
/// Reads a .NET service's runtime from <c>/metrics</c> in Prometheus' text format: the names that the runtime's own meter (System.Runtime)
/// and ASP.NET Core's have there.
/// </summary>
/// <param name="target">Base address of the service.</param>
public sealed class MetricsProbe(Uri target) : IServerProbe
{
    internal const string GcPause = "GC pause ms/s";
    internal const string Contentions = "lock contentions/s";
    internal const string PoolQueue = "thread pool queue";

    static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    static readonly (string Metric, ServerFigure Figure)[] Known =
    [
        ("dotnet_gc_pause_time_seconds_total", new ServerFigure(GcPause, Counter: true, Factor: 1000)),
        ("dotnet_gc_collections_total", new ServerFigure("GC collections/s", Counter: true)),
        ("dotnet_gc_heap_total_allocated_bytes_total", new ServerFigure("allocated MB/s", Counter: true, Factor: 1 / 1048576.0)),
        ("dotnet_gc_last_collection_heap_size_bytes", new ServerFigure("heap MB", Factor: 1 / 1048576.0)),
        ("dotnet_thread_pool_thread_count", new ServerFigure("pool threads")),
        ("dotnet_thread_pool_queue_length", new ServerFigure(PoolQueue)),
        ("dotnet_monitor_lock_contentions_total", new ServerFigure(Contentions, Counter: true)),
        ("http_server_active_requests", new ServerFigure("active requests")),
    ];

    readonly HttpClient _client = new() { Timeout = Patience };
    readonly Uri _address = new(target, "/metrics");

    /// <inheritdoc/>
    public string Name => "runtime";

    /// <inheritdoc/>
    public IReadOnlyList<ServerFigure> Figures { get; } = [.. Known.Select(k => k.Figure)];

    /// <summary>The probe when the service answers <c>/metrics</c> with at least one of the known figures; else null.</summary>
    public static async Task<MetricsProbe?> FindAsync(Uri target, CancellationToken cancellation)
    {
        var probe = new MetricsProbe(target);
        try
        {
            if ((await probe.ReadAsync(cancellation)).Any(v => !double.IsNaN(v)))
            {
                return probe;
            }
        }
        catch (Exception e) when (e is HttpRequestException or InvalidDataException or OperationCanceledException)
        {
            // No /metrics is no mistake: most targets have none.
        }

        await probe.DisposeAsync();
        return null;
    }

    /// <inheritdoc/>
    public async ValueTask<double[]> ReadAsync(CancellationToken cancellation)
    {
        using var answer = await _client.GetAsync(_address, cancellation);
        return answer.IsSuccessStatusCode ? Read(await answer.Content.ReadAsStringAsync(cancellation)) : throw new InvalidDataException($"GET {_address.AbsolutePath} answered {(int)answer.StatusCode}");
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync()
    {
        _client.Dispose();
        return ValueTask.CompletedTask;
    }

    /// <summary>Series of one name (generations, labels) are added.</summary>
    internal static double[] Read(string text)
    {
        var values = new double[Known.Length];
        Array.Fill(values, double.NaN);
        foreach (var line in text.AsSpan().EnumerateLines())
        {
            var at = line.IndexOfAny(' ', '{');
            if (at <= 0 || line[0] == '#')
            {
                continue;
            }

            var index = IndexOf(line[..at]);
            // A label's value may hold a brace or a blank: the value begins after the last closing brace.
            var rest = line[(line[at] == '{' ? line.LastIndexOf('}') + 1 : at)..].Trim();
            var end = rest.IndexOf(' '); // A time may follow.
            if (index >= 0 && double.TryParse(end < 0 ? rest : rest[..end], NumberStyles.Float, CultureInfo.InvariantCulture, out var value))
            {
                values[index] = double.IsNaN(values[index]) ? value : values[index] + value;
            }
        }

        return values;
    }

    static int IndexOf(ReadOnlySpan<char> metric)
    {
        for (var i = 0; i < Known.Length; i++)
        {
            if (metric.SequenceEqual(Known[i].Metric))
            {
                return i;
            }
        }

        return -1;
    }
}
