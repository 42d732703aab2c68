using System.Text.Json;
using Fettle.Databases;

namespace Fettle.AspNetCore;

/// <summary>
/// What was applied from the dashboard and how to take it back. The undo is on disk (<c>STATE/dashboard.jsonl</c>) before the action runs,
/// so that a service that dies in between still offers it after its next start; undoing what never happened is harmless.
/// </summary>
internal sealed class AppliedActions
{
    readonly Lock _lock = new();
    readonly Dictionary<string, DatabaseAction> _applied = new(StringComparer.Ordinal);
    readonly string _journal;
    Dictionary<string, DatabaseAction> _offered = new(StringComparer.Ordinal);

    public AppliedActions(FettleOptions options)
    {
        _journal = Path.Combine(options.StateFolder, "dashboard.jsonl");
        if (!File.Exists(_journal))
        {
            return;
        }

        foreach (var line in File.ReadLines(_journal))
        {
            Replay(line);
        }
    }

    public IReadOnlyList<DatabaseAction> All
    {
        get
        {
            lock (_lock)
            {
                return [.. _applied.Values];
            }
        }
    }

    public void Remember(IReadOnlyList<DatabaseAction> offered)
    {
        lock (_lock)
        {
            _offered = offered.ToDictionary(a => a.Id, StringComparer.Ordinal);
        }
    }

    public DatabaseAction? Offered(string? id)
    {
        lock (_lock)
        {
            return id is null ? null : _offered.GetValueOrDefault(id);
        }
    }

    public DatabaseAction? Find(string? id)
    {
        lock (_lock)
        {
            return id is null ? null : _applied.GetValueOrDefault(id);
        }
    }

    public void Intend(DatabaseAction action) => Append(new AppliedLine("intent", action));

    public void Undone(DatabaseAction action) => Append(new AppliedLine("undone", action));

    void Append(AppliedLine line)
    {
        lock (_lock)
        {
            Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(_journal))!);
            using (var file = new FileStream(_journal, FileMode.Append, FileAccess.Write, FileShare.Read))
            {
                file.Write(JsonSerializer.SerializeToUtf8Bytes(line, FettleJson.Default.AppliedLine));
                file.WriteByte((byte)'\n');
                file.Flush(flushToDisk: true);
            }

            Apply(line);
        }
    }

    /// <summary>A last line that a crash cut short never began its action.</summary>
    void Replay(string line)
    {
        try
        {
            if (JsonSerializer.Deserialize(line, FettleJson.Default.AppliedLine) is { } entry)
            {
                Apply(entry);
            }
        }
        catch (JsonException)
        {
        }
    }

    void Apply(AppliedLine line)
    {
        if (line.Event == "intent")
        {
            _applied[line.Action.Id] = line.Action;
        }
        else
        {
            _applied.Remove(line.Action.Id);
        }
    }
}

internal sealed record AppliedLine(string Event, DatabaseAction Action);
