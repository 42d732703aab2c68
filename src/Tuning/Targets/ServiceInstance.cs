using Fettle.Databases;

namespace Fettle.Tuning.Targets;

/// <summary>One running instance of the service with the database it works on: the reference (A) or the candidate (B).</summary>
internal sealed class ServiceInstance : IAsyncDisposable
{
    readonly ServiceProcess? _process;

    public ServiceInstance(string name, Uri url, string? token, DatabaseAddress? database, int? pid, ServiceProcess? process = null)
    {
        Name = name;
        Url = url;
        Client = new FettleClient(url, token);
        Database = database;
        Pid = pid;
        _process = process;
    }

    /// <summary>What reports call it.</summary>
    public string Name { get; }

    public Uri Url { get; }

    public FettleClient Client { get; }

    public DatabaseAddress? Database { get; }

    /// <summary>The process whose CPU is counted, when it runs on this machine.</summary>
    public int? Pid { get; }

    public bool HasExited => _process?.HasExited ?? false;

    /// <summary>Whether its database is a scratch copy of the run.</summary>
    public bool Scratch { get; init; }

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        if (_process is not null)
        {
            await _process.DisposeAsync();
        }
    }
}
