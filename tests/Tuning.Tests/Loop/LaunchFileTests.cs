using Fettle.Tuning.Journal;
using Fettle.Tuning.Loop;
using Fettle.Tuning.Targets;

namespace Fettle.Tuning.Tests.Loop;

public sealed class LaunchFileTests : IDisposable
{
    readonly string _folder = Directory.CreateTempSubdirectory("fettle-launch-file-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData(null)]
    [InlineData("THE=users own\n")]
    public async Task KeptSettings_AreLinesThatARollbackTakesBack(string? before)
    {
        var file = Path.Combine(_folder, "launch", "x.env");
        if (before is not null)
        {
            Directory.CreateDirectory(Path.GetDirectoryName(file)!);
            await File.WriteAllTextAsync(file, before);
        }

        var folder = RunFolder.Create(_folder, "x", TimeProvider.System);
        using (var journal = TuningJournal.Open(folder.Journal, TimeProvider.System))
        {
            journal.Append(new JournalEntry { Event = JournalEvent.Begin, Target = "url:x", Folder = folder.Scratch });
            LaunchFile.Write(journal, file, LaunchSetting.Dotnet(2));
            Directory.Delete(folder.Scratch);
            journal.Append(new JournalEntry { Event = JournalEvent.End });
        }

        (await File.ReadAllLinesAsync(file)).ShouldBe(["DOTNET_gcServer=1", "DOTNET_gcConcurrent=0", "DOTNET_ThreadPool_ForceMinWorkerThreads=20"]);
        await Rollback.RunAsync(_folder, null, null, TimeProvider.System);
        (File.Exists(file) ? await File.ReadAllTextAsync(file) : null).ShouldBe(before);
    }
}
