using Fettle.Tuning.Journal;

namespace Fettle.Tuning.Tests.Journal;

public sealed class TuningJournalTests : IDisposable
{
    readonly string _folder = Directory.CreateTempSubdirectory("fettle-journal-").FullName;

    string File_ => Path.Combine(_folder, TuningJournal.FileName);

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void AppendedEntries_AreReadBackInOrder()
    {
        Write(3);
        var entries = TuningJournal.Read(File_);
        entries.Select(e => e.Sequence).ShouldBe([1, 2, 3]);
        entries[1].Action.ShouldBe("action-2");
        entries[1].Undo.ShouldBe(["DROP INDEX IF EXISTS ix_2"]);
    }

    [Fact]
    public void FileTornAtEveryByte_LosesAtMostItsLastLine()
    {
        Write(3);
        var whole = File.ReadAllBytes(File_);
        var secondEnd = Array.IndexOf(whole, (byte)'\n', Array.IndexOf(whole, (byte)'\n') + 1) + 1;
        for (var length = secondEnd; length < whole.Length; length++)
        {
            File.WriteAllBytes(File_, whole[..length]);
            TuningJournal.Read(File_).Count.ShouldBe(2);
        }
    }

    [Fact]
    public void TornJournal_IsContinuedAfterItsLastWholeLine()
    {
        Write(2);
        File.AppendAllText(File_, "0123abcd {\"half");
        using (var journal = TuningJournal.Open(File_, TimeProvider.System))
        {
            journal.Append(new JournalEntry { Event = JournalEvent.End });
        }

        TuningJournal.Read(File_).Select(e => e.Sequence).ShouldBe([1, 2, 3]);
    }

    [Fact]
    public void AlteredByteInTheMiddle_IsAnErrorThatNamesTheLine()
    {
        Write(3);
        var bytes = File.ReadAllBytes(File_);
        bytes[Array.IndexOf(bytes, (byte)'\n') - 5] ^= 1;
        File.WriteAllBytes(File_, bytes);
        Should.Throw<InvalidDataException>(() => TuningJournal.Read(File_)).Message.ShouldContain("line 1");
    }

    [Fact]
    public void LineFormat_IsFrozen()
    {
        var entry = new JournalEntry
        {
            Sequence = 7,
            At = new DateTimeOffset(2026, 1, 2, 3, 4, 5, TimeSpan.Zero),
            Event = JournalEvent.Intent,
            Action = "index:a(b)",
            Target = "database:sqlite:/tmp/x.db",
            Do = ["CREATE INDEX x ON a(b)"],
            Undo = ["DROP INDEX IF EXISTS x"],
        };

        // Journals of earlier versions must stay readable: raise Version and read both before changing this line.
        entry.ToLine().ShouldBe("""8df167af {"version":1,"sequence":7,"at":"2026-01-02T03:04:05+00:00","event":"intent","action":"index:a(b)","target":"database:sqlite:/tmp/x.db","do":["CREATE INDEX x ON a(b)"],"undo":["DROP INDEX IF EXISTS x"]}""");
        JournalEntry.TryParse(entry.ToLine())!.Action.ShouldBe("index:a(b)");
    }

    [Fact]
    public void UnknownVersion_IsRefused()
    {
        File.WriteAllText(File_, new JournalEntry { Version = 2, Event = JournalEvent.Begin }.ToLine() + "\n");
        Should.Throw<InvalidDataException>(() => TuningJournal.Read(File_)).Message.ShouldContain("version 2");
    }

    void Write(int entries)
    {
        using var journal = TuningJournal.Open(File_, TimeProvider.System);
        for (var i = 1; i <= entries; i++)
        {
            journal.Append(new JournalEntry { Event = JournalEvent.Intent, Action = $"action-{i}", Undo = [$"DROP INDEX IF EXISTS ix_{i}"] });
        }
    }
}
