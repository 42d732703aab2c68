using System.Diagnostics.Metrics;

namespace Fettle.Redis;

/// <summary>
/// Counts what a connection does; the meter <c>Fettle.Redis</c> reads the counts when it is observed, so that a command pays for
/// one addition and not for a measurement.
/// </summary>
internal sealed class RedisMeters : IDisposable
{
    internal const string MeterName = "Fettle.Redis";

    readonly Meter _meter;
    long _commands;
    long _errors;
    long _timeouts;
    long _waits;
    long _connects;
    long _connectFailures;
    long _losses;
    long _pushes;
    long _sent;
    long _received;
    long _observerFailures;

    public RedisMeters(RedisConnection connection, RedisOptions options)
    {
        _meter = new Meter(MeterName, null, [new("server.address", options.Host), new("server.port", options.Port), new("client.name", options.ClientName)]);
        _meter.CreateObservableCounter("fettle.redis.commands", () => _commands, "{command}", "Replies received.");
        _meter.CreateObservableCounter("fettle.redis.errors", () => _errors, "{command}", "Error replies received.");
        _meter.CreateObservableCounter("fettle.redis.timeouts", () => Volatile.Read(ref _timeouts), "{command}", "Commands without a reply in time.");
        _meter.CreateObservableCounter("fettle.redis.waits", () => Volatile.Read(ref _waits), "{command}", "Commands that waited for room.");
        _meter.CreateObservableCounter("fettle.redis.connects", () => _connects, "{connection}", "Connections made.");
        _meter.CreateObservableCounter("fettle.redis.connect_failures", () => _connectFailures, "{attempt}", "Attempts to connect that failed.");
        _meter.CreateObservableCounter("fettle.redis.losses", () => Volatile.Read(ref _losses), "{connection}", "Connections lost.");
        _meter.CreateObservableCounter("fettle.redis.pushes", () => _pushes, "{message}", "Push messages received.");
        _meter.CreateObservableCounter("fettle.redis.sent", () => _sent, "By", "Bytes sent.");
        _meter.CreateObservableCounter("fettle.redis.received", () => _received, "By", "Bytes received.");
        _meter.CreateObservableCounter("fettle.redis.observer_failures", () => _observerFailures, "{call}", "Exceptions thrown by the observer.");
        _meter.CreateObservableGauge("fettle.redis.pending", () => connection.PendingCount, "{command}", "Commands waiting for a reply.");
        _meter.CreateObservableGauge("fettle.redis.connected", () => connection.IsConnected ? 1 : 0, "{connection}", "1 while connected.");
    }

    // One reader and one writer at a time per connection: plain additions suffice where only they count.
    public void Completed(int commands, int errors)
    {
        _commands += commands;
        _errors += errors;
    }

    public void Sent(int bytes) => _sent += bytes;

    public void Received(int bytes) => _received += bytes;

    public void Pushed() => _pushes++;

    public void Connected() => _connects++;

    public void ConnectFailed() => _connectFailures++;

    public void ObserverFailed() => Interlocked.Increment(ref _observerFailures);

    public void Lost() => Interlocked.Increment(ref _losses);

    public void TimedOut() => Interlocked.Increment(ref _timeouts);

    public void Waited() => Interlocked.Increment(ref _waits);

    public RedisStatistics Snapshot(int pending) =>
        new(_commands, _errors, _timeouts, _waits, _connects, _connectFailures, _losses, _pushes, _sent, _received, pending);

    public void Dispose() => _meter.Dispose();
}
