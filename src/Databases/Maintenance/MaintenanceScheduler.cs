namespace Fettle.Databases;

/// <summary>Maintains a database at the times of a schedule, but never at peak: while more than half of the busiest minute's leases are taken, it waits.</summary>
public sealed class MaintenanceScheduler
{
    /// <summary>Part of the busiest minute above which a minute is peak.</summary>
    public const double PeakShare = 0.5;

    readonly Database _database;
    readonly CronSchedule _schedule;
    readonly TimeProvider _time;
    long _lastLeases;
    long _busiest;

    /// <summary>Prepares; nothing runs before <see cref="RunAsync"/>.</summary>
    /// <param name="database">What to maintain.</param>
    /// <param name="schedule">When.</param>
    /// <param name="time">Clock; null for the system's, in local time.</param>
    public MaintenanceScheduler(Database database, CronSchedule schedule, TimeProvider? time = null)
    {
        ArgumentNullException.ThrowIfNull(database);
        ArgumentNullException.ThrowIfNull(schedule);
        _database = database;
        _schedule = schedule;
        _time = time ?? TimeProvider.System;
    }

    /// <summary>Runs until cancelled. Looks at the load once a minute; due maintenance waits until a minute is not peak.</summary>
    /// <param name="report">Told what each run did and gained; an error ends only its run.</param>
    /// <param name="cancellation">Ends it.</param>
    public async Task RunAsync(Action<IReadOnlyList<MaintenanceStep>, Exception?> report, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(report);
        var due = _schedule.Next(_time.GetLocalNow());
        _lastLeases = Leases();
        using var timer = new PeriodicTimer(TimeSpan.FromMinutes(1), _time);
        while (due is not null && await timer.WaitForNextTickAsync(cancellation).ConfigureAwait(false))
        {
            var peak = IsPeak();
            if (_time.GetLocalNow() < due || peak)
            {
                continue;
            }

            try
            {
                report(await DatabaseMaintenance.RunAsync(_database, cancellation).ConfigureAwait(false), null);
            }
            catch (Exception e) when (e is System.Data.Common.DbException or InvalidOperationException or IOException or PoolExhaustedException)
            {
                report([], e);
            }

            due = _schedule.Next(_time.GetLocalNow());
        }
    }

    /// <summary>Whether the last minute was busier than half of the busiest so far; an idle database has no peak.</summary>
    internal bool IsPeak()
    {
        var now = Leases();
        var minute = now - _lastLeases;
        _lastLeases = now;
        _busiest = Math.Max(_busiest, minute);
        return minute > 60 && minute > PeakShare * _busiest;
    }

    long Leases() => _database.Pools.Sum(p => p.Leases);
}
