using Fettle.Tuning.Journal;
using Fettle.Tuning.Loop;
using Fettle.Tuning.Targets;

namespace Fettle.Tuning;

/// <summary>Runs the loop: measure, advise, apply, verify, keep or roll back.</summary>
public static class Tuner
{
    /// <summary>Runs on a target and leaves an archive folder. Whatever way it ends, no process and no copy of it is left, and the user's database is either as before or has exactly the kept actions.</summary>
    /// <param name="target">What to tune.</param>
    /// <param name="options">Settings.</param>
    /// <param name="progress">Told what happens; called from the loop's thread.</param>
    /// <param name="time">Clock; null for the system's.</param>
    /// <param name="cancellation">Ctrl-C: stops, takes back, throws.</param>
    /// <exception cref="TuningException">The target cannot be tuned as it is; the message says what to do.</exception>
    public static Task<TuningOutcome> RunAsync(TuningTarget target, TuningOptions options, IProgress<TuningProgress>? progress = null, TimeProvider? time = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(target);
        ArgumentNullException.ThrowIfNull(options);
        var clock = time ?? TimeProvider.System;
        return RunAsync(target, options, Starter(target, clock), progress, clock, cancellation);
    }

    /// <summary>Starts instances of the target, or attaches to the one that runs.</summary>
    internal static InstanceStarter Starter(TuningTarget target, TimeProvider time)
    {
        if (target.Launch is { } launch)
        {
            var token = target.Token ?? Session.NewToken();
            return (name, database, scratch, journal, stop) => StartAsync(target, launch, token, name, database, scratch, journal, time, stop);
        }

        return async (name, database, scratch, _, stop) => await AttachAsync(target, name, database, scratch, stop);
    }

    internal static async Task<TuningOutcome> RunAsync(TuningTarget target, TuningOptions options, InstanceStarter start, IProgress<TuningProgress>? progress, TimeProvider time, CancellationToken cancellation)
    {
        options = options with { };
        using var held = TargetLock.Take(TargetLock.DefaultFolder, target.LockName, time);
        if (Rollback.Interrupted(options.StateFolder, target.JournalName) is [var interrupted, ..])
        {
            throw new TuningException($"run {interrupted} on {target.LockName} was interrupted and left changes; take them back first: fettle rollback {interrupted}");
        }

        await CheckAsync(target.Database, cancellation);
        var folder = RunFolder.Create(options.StateFolder, target.Name, time);
        using var deadline = new CancellationTokenSource(options.EffectiveDeadline, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, cancellation);
        try
        {
            await using var session = new Session(target, options, folder, start, progress, time);
            return await session.RunAsync(either.Token);
        }
        catch (Exception e)
        {
            progress?.Report(new TuningProgress("interrupted", "taking back what was applied", false));
            held.Dispose();
            await Rollback.RunAsync(options.StateFolder, folder.Id, target.Database, time, CancellationToken.None, target.Token);
            if (e is OperationCanceledException && deadline.IsCancellationRequested && !cancellation.IsCancellationRequested)
            {
                throw new TuningException($"the run's deadline of {options.EffectiveDeadline:hh\\:mm\\:ss} passed; everything was taken back", e);
            }

            throw;
        }
    }

    /// <summary>A file that is no database, or a server that is away, is found before anything is written or started.</summary>
    static async Task CheckAsync(Databases.DatabaseAddress? database, CancellationToken cancellation)
    {
        try
        {
            _ = database is null ? [] : await TunedDatabase.SchemaAsync(database, cancellation);
        }
        catch (System.Data.Common.DbException e)
        {
            throw new TuningException($"{database} cannot be read: {e.Message}", e);
        }
    }

    /// <summary>The one instance of a service that runs already.</summary>
    static async Task<ServiceInstance> AttachAsync(TuningTarget target, string name, Databases.DatabaseAddress? database, bool scratch, CancellationToken cancellation)
    {
        var url = target.Url!;
        int? local = url.IsLoopback && OperatingSystem.IsLinux() && LoadTesting.Server.ListeningProcess.Find(url.Port) is [var pid, ..] ? pid : null;
        var instance = new ServiceInstance(name, url, target.Token, database, local) { Scratch = scratch, Foreign = target.Foreign };
        try
        {
            await instance.Client.PingAsync(cancellation);
            return instance;
        }
        catch
        {
            await instance.DisposeAsync();
            throw;
        }
    }

    static async Task<ServiceInstance> StartAsync(TuningTarget target, Launch launch, string token, string name, Databases.DatabaseAddress? database, bool scratch, TuningJournal journal, TimeProvider time, CancellationToken cancellation)
    {
        async Task<RunningService> LaunchAsync(IReadOnlyDictionary<string, string> more, CancellationToken stop)
        {
            var environment = new Dictionary<string, string>(more) { ["FETTLE_ADMIN_TOKEN"] = token };
            var process = await ServiceProcess.StartAsync(launch, name.ToLowerInvariant(), database is null ? "" : TunedDatabase.Argument(database), environment, journal, time, stop);
            try
            {
                // A launcher such as `dotnet run` is not the service: the service says its own process id.
                using var client = new FettleClient(process.Url, token) { Foreign = target.Foreign };
                var pid = (await client.InfoAsync(stop))?.Pid ?? process.Pid;
                return new RunningService(process.Url, pid, process);
            }
            catch
            {
                await process.DisposeAsync();
                throw;
            }
        }

        var running = await LaunchAsync(new Dictionary<string, string>(), cancellation);
        return new ServiceInstance(name, running.Url, token, database, running.Pid, running.Process) { Scratch = scratch, Foreign = target.Foreign, Relaunch = LaunchAsync };
    }
}
