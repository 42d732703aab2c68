using System.Text;
using Fettle.Tuning.Journal;
using Fettle.Tuning.Loop;

namespace Fettle.Tuning.Tests.Loop;

/// <summary>The user's file of switches comes back byte for byte, whatever it was and wherever the writing ended.</summary>
public sealed class SwitchesFileTests : IDisposable
{
    readonly string _folder = Directory.CreateTempSubdirectory("fettle-switches-").FullName;

    string File => Path.Combine(_folder, "switches", "x.json");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    public static TheoryData<byte[]> Contents() => new() { Encoding.UTF8.GetBytes("{ \"mine\": 1 }\r\n"), new byte[] { 0xEF, 0xBB, 0xBF, (byte)'{', (byte)'}' }, new byte[] { 0xFF, 0xFE, 0, 1, 0x80 }, Array.Empty<byte>() };

    [Theory]
    [MemberData(nameof(Contents))]
    public async Task WhatWasThere_ComesBackByteForByte(byte[] before)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(File)!);
        await System.IO.File.WriteAllBytesAsync(File, before);
        Begin(journal => SwitchesFile.Write(journal, File, ["a"]));
        SwitchesFile.Read(File).ShouldBe(["a"]);
        await Rollback.RunAsync(_folder, null, null, TimeProvider.System);
        (await System.IO.File.ReadAllBytesAsync(File)).ShouldBe(before);
    }

    [Fact]
    public async Task KilledBeforeItsFolderWasMade_HasNothingToRestore()
    {
        Begin(journal => journal.Append(Intent()));
        (await Rollback.RunAsync(_folder, null, null, TimeProvider.System)).Undone.ShouldContain(u => u.StartsWith("switches-file", StringComparison.Ordinal));
        Directory.Exists(Path.GetDirectoryName(File)).ShouldBeFalse();
    }

    [Fact]
    public async Task KilledBetweenWritingAndRenaming_LeavesNothingBesideIt()
    {
        Directory.CreateDirectory(Path.GetDirectoryName(File)!);
        await System.IO.File.WriteAllTextAsync(File + ".tmp", "half a fi");
        Begin(journal => journal.Append(Intent()));
        await Rollback.RunAsync(_folder, null, null, TimeProvider.System);
        Directory.GetFiles(Path.GetDirectoryName(File)!).ShouldBeEmpty();
    }

    JournalEntry Intent() => new() { Event = JournalEvent.Intent, Action = "switches-file", Target = SwitchesFile.Prefix + File, Undo = ["delete"] };

    void Begin(Action<TuningJournal> write)
    {
        using var journal = TuningJournal.Open(RunFolder.Create(_folder, "x", TimeProvider.System).Journal, TimeProvider.System);
        journal.Append(new JournalEntry { Event = JournalEvent.Begin, Target = "url:x" });
        write(journal);
    }
}
