using Fettle.Tuning.Config;

namespace Fettle.Tuning.Tests.Config;

public sealed class ConfigTargetTests : IDisposable
{
    readonly string _folder = Directory.CreateTempSubdirectory("fettle-config-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task Workload_HasTheScenariosRequestsInEveryEncoding()
    {
        var target = Target("start: { command: [x, '{port}'] }\nrequests: [{ name: item, path: '/i/${item}' }, { name: add, path: /i, json: { a: '${item}' } }, { name: search, path: /s, json: { q: a } }]\nfeeds: { item: { values: [a, b] } }\nanswers: { reads: [search], samples: 20 }");

        var workload = await target.PrepareWorkloadAsync(null, 1, CancellationToken.None);

        workload.Writes.Select(w => w.Body).Order().ShouldBe(["{\"a\":\"a\"}", "{\"a\":\"b\"}"]);
        workload.Golden.Where(g => g.Name == "add").ShouldBeEmpty();
        workload.Golden.Where(g => g.Name == "item" && g.AcceptEncoding is null).Select(g => g.Path).Order().ShouldBe(["/i/a", "/i/b"]);
        foreach (var name in new[] { "item", "search" })
        {
            workload.Golden.Where(g => g.Name == name && g.AcceptEncoding is not null).Select(g => g.AcceptEncoding).ShouldBe(["identity", "gzip", "br", "gzip;q=0"]);
        }
    }

    [Fact]
    public async Task SameSeed_GivesTheSameRequestsAndAnotherGivesOthers()
    {
        var target = Target("url: http://127.0.0.1:1\nrequests: [{ name: a, path: '/a/${random}' }, { name: b, weight: 3, path: '/b/${item}' }]\nfeeds: { item: { values: [1, 2, 3, 4, 5, 6, 7], choose: zipf } }");
        var workload = await target.PrepareWorkloadAsync(null, 1, CancellationToken.None);
        string[] Draw(int seed)
        {
            var source = workload.Requests(seed);
            return [.. Enumerable.Range(0, 400).Select(_ => source.Next().Path)];
        }

        Draw(5).ShouldBe(Draw(5));
        Draw(5).ShouldNotBe(Draw(6));
        ((double)Draw(5).Count(p => p.StartsWith("/b/", StringComparison.Ordinal)) / 400).ShouldBeInRange(0.65, 0.85);
    }

    [Fact]
    public void RequestThatChangesData_IsRefusedOnAServiceThatIsNoCopy()
    {
        const string Requests = "\nrequests: [{ name: add, path: /i, json: { a: b } }]";
        Should.Throw<TuningException>(() => Target("url: http://127.0.0.1:1" + Requests)).Message.ShouldContain("answers.reads");
        Target("url: http://127.0.0.1:1\nanswers: { reads: [add] }" + Requests).Live.ShouldBeTrue();
        Target("url: http://127.0.0.1:1\nallow-writes: true" + Requests).Live.ShouldBeTrue();
    }

    [Fact]
    public async Task RecordedTraffic_IsAmongTheGoldenRequests()
    {
        File.WriteAllText(Path.Combine(_folder, "access.log"), """
            127.0.0.1 - - [21/Nov/2026:10:00:00 +0000] "GET /seen?q=1 HTTP/1.1" 200 12 "-" "x"
            127.0.0.1 - - [21/Nov/2026:10:00:01 +0000] "POST /never HTTP/1.1" 200 12 "-" "x"
            """);
        var target = Target("url: http://127.0.0.1:1\nrequests: [{ path: / }]\nanswers: { traffic: access.log }");
        var workload = await target.PrepareWorkloadAsync(null, 1, CancellationToken.None);
        workload.Golden.ShouldContain(g => g.Path == "/seen?q=1" && g.AcceptEncoding == "br");
        workload.Golden.ShouldNotContain(g => g.Path == "/never");
    }

    [Fact]
    public void StatementsFile_IsTheWorkloadOfAServiceThatRecordsNone()
    {
        File.WriteAllText(Path.Combine(_folder, "a.db"), "");
        File.WriteAllText(Path.Combine(_folder, "w.sql"), "-- weight: 5\nSELECT * FROM t WHERE a = 1;");
        var target = Target("url: http://127.0.0.1:1\ndatabase: { address: 'sqlite:a.db', statements: w.sql }\nrequests: [{ path: / }]");
        target.Statements!().ShouldHaveSingleItem().Calls.ShouldBe(5);
        File.WriteAllText(Path.Combine(_folder, "w.sql"), "-- weight: none\nSELECT 1;");
        Should.Throw<TuningException>(() => target.Statements!()).Message.ShouldContain("weight");
    }

    TuningTarget Target(string yaml) => ConfigTarget.Make(ConfigReader.Parse("schema: fettle.config/1\n" + yaml, "fettle.yaml", _folder));
}
