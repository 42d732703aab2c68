using Fettle.Databases;

namespace Fettle.Tuning.Targets;

/// <summary>Starts a process like the present one, with more environment, and waits until it is ready.</summary>
internal delegate Task<RunningService> Relaunch(IReadOnlyDictionary<string, string> environment, CancellationToken cancellation);

/// <summary>What answers at a URL: a process of Fettle's, or someone else's.</summary>
/// <param name="Url">Where.</param>
/// <param name="Pid">The process whose CPU is counted, when it runs on this machine.</param>
/// <param name="Process">The process to end at the end, or null for someone else's.</param>
internal sealed record RunningService(Uri Url, int? Pid, ServiceProcess? Process);

/// <summary>One running instance of the service with the database it works on: the reference (A) or the candidate (B).</summary>
internal sealed class ServiceInstance : IAsyncDisposable
{
    readonly string? _token;
    readonly List<LaunchSetting> _settings = [];
    RunningService _running;

    public ServiceInstance(string name, Uri url, string? token, DatabaseAddress? database, int? pid, ServiceProcess? process = null)
    {
        Name = name;
        Client = new FettleClient(url, token);
        Database = database;
        _token = token;
        _running = new RunningService(url, pid, process);
    }

    /// <summary>What reports call it.</summary>
    public string Name { get; }

    /// <summary>Where it answers now; another process answers elsewhere after a launch setting.</summary>
    public Uri Url => _running.Url;

    public FettleClient Client { get; private set; }

    public DatabaseAddress? Database { get; }

    public int? Pid => _running.Pid;

    public bool HasExited => _running.Process?.HasExited ?? false;

    /// <summary>Whether its database is a scratch copy of the run.</summary>
    public bool Scratch { get; init; }

    /// <summary>Whether it may lack the <c>/fettle</c> endpoints, or guard them with a token of its own.</summary>
    public bool Foreign { init => Client.Foreign = value; }

    /// <summary>Null for a service that Fettle did not start.</summary>
    public Relaunch? Relaunch { get; init; }

    /// <summary>The launch settings it runs with, as part of its fingerprint.</summary>
    public IEnumerable<string> Settings => _settings.Select(s => s.Name);

    /// <summary>
    /// 1. A new process with the environment of all settings wanted starts beside the old one. 2. It is ready, and its switches stand as the old one's.
    /// 3. New requests go to it. 4. The old one ends when it has answered what it had begun. Setting what is set changes nothing.
    /// </summary>
    /// <exception cref="TuningException">The new process does not become ready; the old one goes on.</exception>
    public async Task SetLaunchAsync(LaunchSetting setting, bool on, CancellationToken cancellation)
    {
        if (_settings.Contains(setting) == on)
        {
            return;
        }

        var relaunch = Relaunch ?? throw new TuningException($"{Name} was not started by Fettle: it cannot be started with {setting.Name}");
        var wanted = on ? [.. _settings, setting] : _settings.Where(s => s != setting).ToArray();
        var environment = wanted.SelectMany(s => s.Environment).GroupBy(e => e.Key).ToDictionary(g => g.Key, g => g.Last().Value);
        var fresh = await relaunch(environment, cancellation);
        var client = new FettleClient(fresh.Url, _token) { Foreign = Client.Foreign };
        try
        {
            var state = (await Client.SwitchesAsync(cancellation)).ToDictionary(s => s.Name, s => s.On);
            foreach (var other in (await client.SwitchesAsync(cancellation)).Where(s => state.TryGetValue(s.Name, out var before) && before != s.On))
            {
                await client.SetSwitchAsync(other.Name, !other.On, cancellation);
            }
        }
        catch
        {
            client.Dispose();
            if (fresh.Process is not null)
            {
                await fresh.Process.DisposeAsync();
            }

            throw;
        }

        var (old, oldClient) = (_running, Client);
        (_running, Client) = (fresh, client);
        _settings.Clear();
        _settings.AddRange(wanted);
        oldClient.Dispose();
        if (old.Process is not null)
        {
            await old.Process.DrainAsync();
        }
    }

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        if (_running.Process is not null)
        {
            await _running.Process.DisposeAsync();
        }
    }
}
