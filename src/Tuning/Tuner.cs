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
        var launch = target.Launch ?? throw new TuningException($"{target.Name} has no launch command: Fettle tunes two instances side by side and must be able to start them");
        var clock = time ?? TimeProvider.System;
        var token = Session.NewToken();
        return RunAsync(target, options, (name, database, scratch, journal, stop) => StartAsync(launch, token, name, database, scratch, journal, clock, stop), progress, clock, cancellation);
    }

    internal static async Task<TuningOutcome> RunAsync(TuningTarget target, TuningOptions options, InstanceStarter start, IProgress<TuningProgress>? progress, TimeProvider time, CancellationToken cancellation)
    {
        options = options with { };
        using var held = TargetLock.Take(TargetLock.DefaultFolder, target.LockName, time);
        var name = target.Database is { } database ? $"database:{database}" : $"url:{target.Url}";
        if (Rollback.Interrupted(options.StateFolder, name) is [var interrupted, ..])
        {
            throw new TuningException($"run {interrupted} on {target.LockName} was interrupted and left changes; take them back first: fettle rollback {interrupted}");
        }

        var folder = RunFolder.Create(options.StateFolder, target.Name, time);
        try
        {
            await using var session = new Session(target, options, folder, start, progress, time);
            return await session.RunAsync(cancellation);
        }
        catch
        {
            progress?.Report(new TuningProgress("interrupted", "taking back what was applied", false));
            held.Dispose();
            await Rollback.RunAsync(options.StateFolder, folder.Id, target.Database, time, CancellationToken.None);
            throw;
        }
    }

    static async Task<ServiceInstance> StartAsync(Launch launch, string token, string name, Databases.DatabaseAddress? database, bool scratch, TuningJournal journal, TimeProvider time, CancellationToken cancellation)
    {
        var environment = new Dictionary<string, string> { ["FETTLE_ADMIN_TOKEN"] = token };
        var process = await ServiceProcess.StartAsync(launch, database is null ? "" : TunedDatabase.Argument(database), environment, journal, time, cancellation);
        var instance = new ServiceInstance(name, process.Url, token, database, process.Pid, process) { Scratch = scratch };
        try
        {
            // A launcher such as `dotnet run` is not the service: the service says its own process id.
            var info = await instance.Client.InfoAsync(cancellation);
            return info?.Pid is { } pid && pid != process.Pid ? new ServiceInstance(name, process.Url, token, database, pid, process) { Scratch = scratch } : instance;
        }
        catch
        {
            await instance.DisposeAsync();
            throw;
        }
    }
}
