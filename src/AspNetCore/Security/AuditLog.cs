using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Fettle.AspNetCore;

/// <summary>One entry: who did what, when, with what result.</summary>
internal sealed record AuditEntry(DateTimeOffset At, string Who, string Action, string Object, string Result);

/// <summary>The last admin actions in memory, each also logged.</summary>
internal sealed partial class AuditLog(TimeProvider time, ILogger<AuditLog> logger)
{
    public const int Capacity = 1_000;

    readonly Lock _lock = new();
    readonly Queue<AuditEntry> _entries = new();

    public void Write(HttpContext context, string action, string subject, string result)
    {
        var entry = new AuditEntry(time.GetUtcNow(), $"{context.User.Identity?.Name ?? "anonymous"}@{context.Connection.RemoteIpAddress}", action, subject, result);
        lock (_lock)
        {
            if (_entries.Count == Capacity)
            {
                _entries.Dequeue();
            }

            _entries.Enqueue(entry);
        }

        Logged(logger, entry.Who, entry.Action, entry.Object, entry.Result);
    }

    /// <summary>Oldest first.</summary>
    public IReadOnlyList<AuditEntry> Snapshot()
    {
        lock (_lock)
        {
            return [.. _entries];
        }
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "audit {Who} {Action} {Object}: {Result}")]
    private static partial void Logged(ILogger logger, string who, string action, string @object, string result);
}
