using Fettle.LoadTesting.Server;
using Fettle.Redis;
using Fettle.Shared.Verbs;

namespace Fettle.Cli.Loads;

/// <summary>What the command line wants to be read beside the load.</summary>
internal sealed class LoadProbes : IAsyncDisposable
{
    readonly List<IServerProbe> _all = [];

    public IReadOnlyList<IServerProbe> All => _all;

    public static async Task<LoadProbes> OpenAsync(string? postgres, string? redis, CancellationToken cancellation)
    {
        var probes = new LoadProbes();
        try
        {
            if (postgres is not null)
            {
                probes._all.Add(await PostgresProbe.ConnectAsync(postgres, cancellation));
            }

            if (redis is not null)
            {
                probes._all.Add(await RedisProbe.ConnectAsync(RedisOptions.Parse(redis), cancellation));
            }

            return probes;
        }
        catch (OperationCanceledException)
        {
            await probes.DisposeAsync();
            throw new UserErrorException("interrupted", ExitCode.Interrupted);
        }
        catch
        {
            await probes.DisposeAsync();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var probe in _all)
        {
            await probe.DisposeAsync();
        }
    }
}
