using System.Text;

namespace Fettle.Tuning.Journal;

/// <summary>
/// The append-only record of a run. Every line is on the disk (fsync) before <see cref="Append"/> returns, so an action's
/// undo is known before the action runs. A line torn by a crash can only be the last one and is ignored: what it announced never began.
/// </summary>
internal sealed class TuningJournal : IDisposable
{
    public const string FileName = "journal.jsonl";
    readonly FileStream _file;
    readonly TimeProvider _time;
    readonly Lock _lock = new();
    int _sequence;

    TuningJournal(FileStream file, int sequence, TimeProvider time)
    {
        _file = file;
        _sequence = sequence;
        _time = time;
    }

    /// <summary>Opens the journal for appending; an existing one is continued after its last whole line.</summary>
    public static TuningJournal Open(string path, TimeProvider time)
    {
        var full = Path.GetFullPath(path);
        Directory.CreateDirectory(Path.GetDirectoryName(full)!);
        var (entries, length) = File.Exists(full) ? ReadWhole(full) : ([], 0);
        var file = new FileStream(full, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.Read, bufferSize: 1);
        file.SetLength(length);
        file.Seek(0, SeekOrigin.End);
        return new TuningJournal(file, entries.Count == 0 ? 0 : entries[^1].Sequence, time);
    }

    /// <summary>Appends and flushes to the disk.</summary>
    public void Append(JournalEntry entry)
    {
        lock (_lock)
        {
            var line = (entry with { Sequence = ++_sequence, At = _time.GetUtcNow() }).ToLine() + "\n";
            _file.Write(Encoding.UTF8.GetBytes(line));
            _file.Flush(flushToDisk: true);
        }
    }

    /// <summary>All whole lines.</summary>
    /// <exception cref="InvalidDataException">A line that is not the last is damaged, or the version is unknown.</exception>
    public static IReadOnlyList<JournalEntry> Read(string path) => ReadWhole(path).Entries;

    public void Dispose() => _file.Dispose();

    static (List<JournalEntry> Entries, long Length) ReadWhole(string path)
    {
        using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        using var memory = new MemoryStream();
        file.CopyTo(memory);
        var bytes = memory.ToArray();
        var entries = new List<JournalEntry>();
        var start = 0;
        while (start < bytes.Length)
        {
            var end = Array.IndexOf(bytes, (byte)'\n', start);
            var entry = end < 0 ? null : JournalEntry.TryParse(Encoding.UTF8.GetString(bytes, start, end - start));
            if (entry is null)
            {
                var last = end < 0 || end == bytes.Length - 1;
                if (!last)
                {
                    Throw.JournalDamaged(path, entries.Count + 1, "the line is damaged but lines follow it");
                }

                break;
            }

            if (entry.Version != 1)
            {
                Throw.JournalDamaged(path, entries.Count + 1, $"version {entry.Version} is not known; this program reads version 1");
            }

            entries.Add(entry);
            start = end + 1;
        }

        return (entries, start);
    }
}
