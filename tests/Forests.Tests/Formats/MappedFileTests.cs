namespace Fettle.Forests.Tests.Formats;

public sealed class MappedFileTests : IDisposable
{
    readonly string _folder = Directory.CreateTempSubdirectory("fettle-mapped-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void MappedBinary_PredictsAsACopyDoesAndLeavesTheFileFree()
    {
        var path = Path.Combine(_folder, "model.fettle");
        var random = new RandomForest(11);
        var bytes = new Forest(random.Model, new ForestOptions { Kernel = ForestKernel.Plain }).ToBinary();
        File.WriteAllBytes(path, bytes);
        var (copied, mapped) = (Forest.Load(path), Forest.Load(path, new ForestOptions { MapFile = true }));
        File.Delete(path);
        var rows = random.Rows(300);
        var (a, b) = (new double[300 * copied.OutputCount], new double[300 * copied.OutputCount]);
        copied.Predict(rows, 300, a);
        mapped.Predict(rows, 300, b);
        SameBits.ShouldHold(b, a, "mapped");
    }

    [Fact]
    public void DamagedOrOtherFiles_AreReadAsWithoutAMapping()
    {
        var path = Path.Combine(_folder, "model");
        var bytes = new Forest(new RandomForest(11).Model, new ForestOptions { Kernel = ForestKernel.Plain }).ToBinary();
        bytes[60] ^= 1;
        File.WriteAllBytes(path, bytes);
        Should.Throw<ModelFormatException>(() => Forest.Load(path, new ForestOptions { MapFile = true })).Message.ShouldContain("checksum");
        File.WriteAllBytes(path, new SyntheticModel { Trees = 2, Depth = 2 }.ToXgboostJson());
        Forest.Load(path, new ForestOptions { MapFile = true }).Model.TreeCount.ShouldBe(2);
        File.WriteAllBytes(path, []);
        Should.Throw<ModelFormatException>(() => Forest.Load(path, new ForestOptions { MapFile = true }));
    }

    [Fact]
    public void FileAboveTheLimit_IsRefusedBeforeItIsRead()
    {
        var path = Path.Combine(_folder, "large");
        File.WriteAllBytes(path, new byte[100]);
        Should.Throw<ModelFormatException>(() => Forest.Load(path, new ForestOptions { MaxFileBytes = 99 })).Message.ShouldContain("MaxFileBytes allows 99");
    }

    [Fact]
    public void DriverThatIsNotThere_HasNoDevices() => GpuDevices.Find(["fettle-no-such-driver"]).ShouldBe(0);
}
