using Fettle.Tuning.Journal;

namespace Fettle.Tuning.Tests.Journal;

public sealed class TargetLockTests : IDisposable
{
    readonly string _folder = Directory.CreateTempSubdirectory("fettle-lock-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void SecondTuner_IsRefusedWithTheOwnersName()
    {
        using var first = TargetLock.Take(_folder, "sqlite:/a.db", TimeProvider.System);
        var refusal = Should.Throw<TuningException>(() => TargetLock.Take(_folder, "sqlite:/a.db", TimeProvider.System));
        refusal.Message.ShouldContain(Environment.UserName);
        refusal.Message.ShouldContain($"process {Environment.ProcessId}");
    }

    [Fact]
    public void OtherTarget_IsFree()
    {
        using var first = TargetLock.Take(_folder, "sqlite:/a.db", TimeProvider.System);
        using var second = TargetLock.Take(_folder, "sqlite:/b.db", TimeProvider.System);
    }

    [Fact]
    public void ReleasedTarget_CanBeTakenAgain()
    {
        TargetLock.Take(_folder, "sqlite:/a.db", TimeProvider.System).Dispose();
        TargetLock.Take(_folder, "sqlite:/a.db", TimeProvider.System).Dispose();
    }
}
