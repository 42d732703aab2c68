using Fettle.Services.Host;
using Fettle.Services.Tests.Stocks;
using Fettle.Testing;

namespace Fettle.Services.Tests.Host;

/// <summary>The verbs of Host as a person types them. They write to the console of the process, so they run one after another.</summary>
[Collection(nameof(HostCommandTests))]
[CollectionDefinition(nameof(HostCommandTests), DisableParallelization = true)]
public sealed class HostCommandTests : IDisposable
{
    readonly string _folder = Directory.CreateTempSubdirectory("fettle-host-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    string At(string name) => Path.Combine(_folder, name);

    static async Task<(int Code, string Output, string Errors)> FettleAsync(params string[] arguments)
    {
        using var captured = ConsoleCapture.Start();
        var code = await HostCommandLine.RunAsync(arguments);
        return (code, captured.Output, captured.Error);
    }

    [Fact]
    public async Task SampleImportRun_WorkTogetherOnOneFile()
    {
        var file = At("s.db");
        var (code, output, _) = await FettleAsync("sample", "stocks", "--stocks", "40", "--days", "80", "--out", file);
        code.ShouldBe(0);
        output.ShouldContain("bars          3,");
        output.ShouldContain("content hash");

        var run = await FettleAsync("run", "stocks", "--date", "2025-09-30", "--database", "sqlite:" + file, "--runs", At("runs"));
        run.Code.ShouldBe(0, run.Errors);
        run.Output.ShouldContain("stocks        39: 39 scored, 0 skipped");
        run.Output.ShouldContain("top 20");
        run.Output.ShouldContain("peak memory");
        Directory.GetFiles(At("runs"), "*.csv").ShouldHaveSingleItem();

        Directory.CreateDirectory(At("prices"));
        await File.WriteAllTextAsync(At("prices/M&M.csv"), "timestamp,open,high,low,close,volume,oi\n2024-01-01 00:00:00+05:30,10,11,9,10.5,100,0\nx,1,1,1,1,1,0\n");
        await File.WriteAllTextAsync(At("companies.csv"), "Company Name,Industry,Symbol,Series,ISIN Code\nMahindra,Automobile,M&M,EQ,INE101A01026\n");
        string[] import = ["import", "prices", At("prices"), "--database", "sqlite:" + At("i.db"), "--companies", At("companies.csv")];
        var imported = await FettleAsync(import);
        imported.Code.ShouldBe(0);
        imported.Output.ShouldBe("1 files: 1 new stocks, 1 bars inserted, 0 updated, 0 unchanged, 1 rows rejected\n");
        imported.Errors.ShouldBe("M&M.csv:3: timestamp 'x' is not a date\n");
        (await FettleAsync(import)).Output.ShouldBe("1 files: 0 new stocks, 0 bars inserted, 0 updated, 1 unchanged, 1 rows rejected\n");
    }

    [Fact]
    public async Task ManyRejectedRows_AreCutAndCounted()
    {
        Directory.CreateDirectory(At("prices"));
        await File.WriteAllTextAsync(At("prices/A.csv"), "timestamp,open,high,low,close,volume\n" + string.Concat(Enumerable.Repeat("x,1,1,1,1,1\n", 25)));
        var (code, output, errors) = await FettleAsync("import", "prices", At("prices"), "--database", "sqlite:" + At("i.db"));
        code.ShouldBe(0);
        errors.ShouldContain("A.csv:21:");
        errors.ShouldNotContain("A.csv:22:");
        errors.ShouldContain("… and 5 more");
        output.ShouldContain("25 rows rejected");
    }

    [Theory]
    [InlineData(2, "--stocks", "sample", "stocks", "--stocks", "0", "--out", "x.db")]
    [InlineData(2, "--out is missing", "sample", "stocks")]
    [InlineData(2, "exclude each other", "sample", "stocks", "--out", "x.db", "--database", "sqlite:y.db")]
    [InlineData(2, "write a date as yyyy-MM-dd", "run", "stocks", "--date", "30.9.2025")]
    [InlineData(2, "--date", "run", "stocks")]
    [InlineData(1, "does not exist; make one with 'fettle sample stocks", "run", "stocks", "--date", "2025-09-30", "--database", "sqlite:missing.db")]
    [InlineData(1, "does not exist; make one with", "serve", "stocks", "--database", "sqlite:missing.db")]
    [InlineData(2, "--database: ", "serve", "stocks", "--database", "mysql:x")]
    [InlineData(1, "the folder missing does not exist", "import", "prices", "missing", "--database", "sqlite:x.db")]
    [InlineData(2, "did you mean 'serve'?", "sevre")]
    [InlineData(2, "did you mean '--stocks'?", "sample", "stocks", "--stoks", "4")]
    public async Task WrongArguments_AreOneLineWithTheFix(int exit, string message, params string[] arguments)
    {
        var (code, output, errors) = await FettleAsync(arguments);
        code.ShouldBe(exit);
        output.ShouldBeEmpty();
        errors.ShouldContain(message);
        errors.TrimEnd('\n').ShouldNotContain('\n');
    }

    [Fact]
    public async Task ExistingFile_IsNotReplacedWithoutForce()
    {
        await File.WriteAllTextAsync(At("keep.db"), "mine");
        var (code, _, errors) = await FettleAsync("sample", "stocks", "--stocks", "5", "--days", "40", "--out", At("keep.db"));
        code.ShouldBe(1);
        errors.ShouldContain("--force");
        (await File.ReadAllTextAsync(At("keep.db"))).ShouldBe("mine");
        (await FettleAsync("sample", "stocks", "--stocks", "5", "--days", "40", "--out", At("keep.db"), "--force")).Code.ShouldBe(0);
    }

    [Fact]
    public async Task FileThatIsNoDatabase_IsOneLine()
    {
        await File.WriteAllTextAsync(At("text.db"), new string('x', 5000));
        var (code, _, errors) = await FettleAsync("run", "stocks", "--date", "2025-09-30", "--database", "sqlite:" + At("text.db"));
        code.ShouldBe(1);
        errors.ShouldContain("not a database");
    }

    [Fact]
    public async Task NoModel_IsNamed()
    {
        StocksHost.Write(At("s.db"), 5, 60);
        Directory.CreateDirectory(At("none"));
        var (code, _, errors) = await FettleAsync("run", "stocks", "--date", "2025-09-30", "--database", "sqlite:" + At("s.db"), "--models", At("none"));
        code.ShouldBe(1);
        errors.ShouldContain("no model is loaded");
    }
}
