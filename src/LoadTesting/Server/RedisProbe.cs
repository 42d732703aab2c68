using System.Globalization;
using Fettle.Redis;

namespace Fettle.LoadTesting.Server;

/// <summary>Reads a Redis server's <c>INFO</c>.</summary>
public sealed class RedisProbe : IServerProbe
{
    internal const string Cpu = "CPU % of a core";

    static readonly (string[] Fields, ServerFigure Figure)[] Known =
    [
        (["total_commands_processed"], new ServerFigure("commands/s", Counter: true)),
        (["used_cpu_sys", "used_cpu_user"], new ServerFigure(Cpu, Counter: true, Factor: 100)),
        (["keyspace_hits"], new ServerFigure("hits/s", Counter: true)),
        (["keyspace_misses"], new ServerFigure("misses/s", Counter: true)),
        (["used_memory"], new ServerFigure("memory MB", Factor: 1 / 1048576.0)),
        (["connected_clients"], new ServerFigure("clients")),
        (["blocked_clients"], new ServerFigure("blocked clients")),
        (["evicted_keys"], new ServerFigure("evicted keys/s", Counter: true)),
        (["total_net_input_bytes", "total_net_output_bytes"], new ServerFigure("network KB/s", Counter: true, Factor: 1 / 1024.0)),
    ];

    readonly RedisConnection _connection;

    RedisProbe(RedisConnection connection) => _connection = connection;

    /// <inheritdoc/>
    public string Name => "redis";

    /// <inheritdoc/>
    public IReadOnlyList<ServerFigure> Figures { get; } = [.. Known.Select(k => k.Figure)];

    /// <summary>Connects.</summary>
    /// <exception cref="RedisException">The server cannot be reached or refuses.</exception>
    public static async Task<RedisProbe> ConnectAsync(RedisOptions options, CancellationToken cancellation) => new(await RedisConnection.ConnectAsync(options, null, cancellation));

    /// <inheritdoc/>
    public async ValueTask<double[]> ReadAsync(CancellationToken cancellation)
    {
        var reply = await _connection.ExecuteAsync(["INFO"], cancellation);
        return reply.IsError ? throw new InvalidDataException($"INFO answered {reply}") : Read(reply.AsText() ?? "");
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => _connection.DisposeAsync();

    internal static double[] Read(string info)
    {
        var fields = new Dictionary<string, double>();
        foreach (var line in info.Split('\n'))
        {
            var colon = line.IndexOf(':');
            if (colon > 0 && double.TryParse(line.AsSpan(colon + 1).Trim(), NumberStyles.Float, CultureInfo.InvariantCulture, out var value))
            {
                fields[line[..colon]] = value;
            }
        }

        return [.. Known.Select(k => k.Fields.Sum(f => fields.GetValueOrDefault(f, double.NaN)))];
    }
}
