using Fettle.LoadTesting.Scenarios;

namespace Fettle.LoadTesting.Tests.Scenarios;

public sealed class ScenarioReaderTests
{
    const string Whole = """
        schema: fettle.scenario/1
        name: shop
        target: http://127.0.0.1:${env.PORT}
        variables: { day: 2024-05-01 }
        feeds:
          item: { values: [a, b, c], choose: zipf, exponent: 1.1, seed: 3 }
        auth: { bearer: "${env.TOKEN}" }
        setup:
          - { name: log in, method: POST, path: /login, json: { user: x }, extract: { token: { json: $.token } } }
        scenarios:
          browse:
            warmup: 1s
            rate: 0
            stages: [{ target: 500, duration: 30s }, { target: 100, duration: 1m, step: true }]
            arrivals: poisson
            requests:
              - { name: item, weight: 70, path: "/items/${item}?day=${day}", tags: { kind: read }, checks: [{ status: 200 }, { json: $.id }] }
              - weight: 30
                steps:
                  - { name: add, method: POST, path: /cart, json: { item: "${item}", count: 2, price: "${random:raw}" }, think: 250ms }
                  - { name: pay, method: POST, path: /pay, body: "t=${token}", expect: [200, 201] }
          users:
            after: browse
            users: 50
            think: 1s..3s
            duration: 2m
            requests: [{ path: / }]
        thresholds:
          http_req_duration: ["p(95)<50", { threshold: p(99)<200, abortOnFail: true, delayAbortEval: 10s }]
          "http_req_failed{scenario:users}": rate<0.01
          "http_req_duration{kind:read}": p(99)<=baseline*1.05
        """;

    static readonly Dictionary<string, string> Environment = new() { ["PORT"] = "5000", ["TOKEN"] = "t0" };

    [Fact]
    public void WholeFile_IsRead()
    {
        var file = ScenarioReader.Parse(Whole, environment: Environment);
        file.Target.ShouldBe(new Uri("http://127.0.0.1:5000"));
        file.Scenarios.Select(s => s.Name).ShouldBe(["browse", "users"]);
        var browse = file.Scenarios[0];
        var open = browse.Model.ShouldBeOfType<ArrivalModel>();
        open.Spacing.ShouldBe(ArrivalSpacing.Poisson);
        open.Stages.ShouldBe([Stage.Ramp(0, 500, TimeSpan.FromSeconds(30)), Stage.Hold(100, TimeSpan.FromMinutes(1))]);
        browse.Duration.ShouldBe(TimeSpan.FromSeconds(89));
        var users = file.Scenarios[1];
        users.StartAfter.ShouldBe(TimeSpan.FromSeconds(90));
        users.Model.ShouldBeOfType<UserModel>().ThinkMax.ShouldBe(TimeSpan.FromSeconds(3));
        file.Thresholds.Select(t => $"{t.Subject} {t.Expression}").ShouldBe(
            ["http_req_duration p(95)<50", "http_req_duration p(99)<200", "http_req_failed{scenario:users} rate<0.01", "http_req_duration{kind:read} p(99)<=baseline*1.05"]);
        file.Thresholds[1].DelayAbort.ShouldBe(TimeSpan.FromSeconds(10));
    }

    [Fact]
    public void EveryMistake_IsReportedAtOnceWithItsLine()
    {
        const string wrong = """
            name: x
            tarqet: http://a
            scenarios:
              one:
                rate: 10
                users: 5
                duration: 3 years
                warmpu: 5s
                requests:
                  - { path: no-slash, method: FETCH, json: { a: "${unknwon}" }, checks: [{ json: items }] }
              two:
                rate: -5
                after: three
                duration: 1s
            variables: { unknown: 1 }
            thresholds:
              http_req_durations: p(95)<50
              http_req_failed: p(95)<1
              "http_reqs{scenario:tow}": rate>1
            """;
        var mistakes = Should.Throw<ScenarioException>(() => ScenarioReader.Parse(wrong, environment: Environment)).Mistakes;
        string[] expected =
        [
            "line 2: the file has no key 'tarqet'; did you mean 'target'?",
            "line 8: scenario one has no key 'warmpu'; did you mean 'warmup'?",
            "duration is '3 years'",
            "needs one of rate (requests per second), users or replay",
            "path is 'no-slash'",
            "method is 'FETCH'; allowed: GET",
            "${unknwon} is not known; did you mean 'unknown'?",
            "'items' is not a path",
            "scenario two has no requests",
            "scenario two.rate is '-5'",
            "after 'three', which does not exist",
            "there is no metric 'http_req_durations'; did you mean 'http_req_duration'?",
            "http_req_failed has no 'p'",
            "there is no scenario 'tow'; did you mean 'two'?",
        ];
        foreach (var text in expected)
        {
            mistakes.ShouldContain(m => m.Contains(text, StringComparison.Ordinal), text);
        }

        mistakes.ShouldAllBe(m => m.StartsWith("line "));
    }

    [Fact]
    public void StandardShapesOfStocks_AreReadWholeAndShort()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "Fettle.slnx")))
        {
            folder = folder.Parent;
        }

        var files = Directory.GetFiles(Path.Combine(folder!.FullName, "services", "Stocks", "Scenarios"), "*.yaml");
        files.Select(Path.GetFileNameWithoutExtension).Order().ShouldBe(["breakpoint", "endpoints", "large", "smoke", "soak", "spike", "spike-users", "steady", "stress", "sustained", "users"]);
        foreach (var path in files)
        {
            var file = ScenarioReader.Load(path);
            file.Thresholds.ShouldNotBeEmpty(path);
            file.Shortened().Scenarios.Sum(s => (s.WarmUp + s.Duration).TotalSeconds).ShouldBeLessThan(20, path);
        }
    }

    /// <summary>What every shape promises: its highest level, its length in seconds and its thresholds.</summary>
    [Theory]
    [InlineData("smoke", 1, 10, "http_req_failed rate==0")]
    [InlineData("steady", 100, 610, "http_req_duration p(95)<50", "http_req_failed rate<0.01")]
    [InlineData("spike", 500, 150, "http_req_failed rate<0.05")]
    [InlineData("spike-users", 1000, 300, "http_req_failed rate<0.05")]
    [InlineData("sustained", 500, 310, "http_req_duration p(95)<100", "http_req_failed rate<0.05", "process_cpu avg<160", "process_memory_mb slope<5")]
    [InlineData("users", 500, 900, "http_req_duration p(95)<200", "http_reqs rate>400")]
    [InlineData("stress", 1000, 1800, "http_req_failed rate<0.1")]
    [InlineData("breakpoint", 2000, 600, "http_req_failed rate<0.02", "http_req_duration p(95)<500")]
    [InlineData("soak", 50, 3630, "http_req_failed rate<0.001", "process_memory_mb slope<1")]
    [InlineData("large", 15000, 630, "http_req_failed rate<=0.001", "http_req_duration p(95)<1200")]
    public void StandardShape_IsWhatItsNameSays(string shape, double level, double seconds, params string[] thresholds)
    {
        var file = ScenarioReader.Load(Fettle.Testing.Programs.RepositoryFile($"services/Stocks/Scenarios/{shape}.yaml"));
        file.Scenarios.Max(s => (s.Model switch { ArrivalModel open => open.Stages, UserModel users => users.Stages, _ => [] }).Max(t => Math.Max(t.From, t.To))).ShouldBe(level);
        file.Scenarios.Max(s => (s.StartAfter + s.WarmUp + s.Duration).TotalSeconds).ShouldBe(seconds);
        thresholds.ShouldBeSubsetOf(file.Thresholds.Select(t => $"{t.Subject} {t.Expression}"));
    }

    [Theory]
    [InlineData("a: [")]
    [InlineData("")]
    [InlineData("just text")]
    public void NotAScenario_IsOneClearError(string yaml) => Should.Throw<ScenarioException>(() => ScenarioReader.Parse(yaml));

    [Fact]
    public void ShortForm_ScalesTimeAndLoad()
    {
        var file = ScenarioReader.Parse(Whole + "\nshort: { time: 0.1, load: 0.02 }", environment: Environment).Shortened();
        var open = file.Scenarios[0].Model.ShouldBeOfType<ArrivalModel>();
        open.Stages.ShouldBe([Stage.Ramp(0, 10, TimeSpan.FromSeconds(3)), Stage.Hold(2, TimeSpan.FromSeconds(6))]);
        file.Scenarios[0].Duration.ShouldBe(TimeSpan.FromSeconds(8.5)); // the warm-up keeps half a second
        file.Scenarios[1].Model.ShouldBeOfType<UserModel>().Stages[0].From.ShouldBe(1);
    }

    [Theory]
    [InlineData("90s", 90)]
    [InlineData("1h30m", 5400)]
    [InlineData("250ms", 0.25)]
    [InlineData("2", 2)]
    public void Durations_AreRead(string text, double seconds)
    {
        DurationText.TryParse(text, out var duration).ShouldBeTrue();
        duration.TotalSeconds.ShouldBe(seconds);
        DurationText.TryParse(DurationText.Write(duration), out var again).ShouldBeTrue();
        again.ShouldBe(duration);
    }

    [Fact]
    public void MutatedFiles_NeverThrowAnythingElse()
    {
        var random = new Random(5);
        for (var round = 0; round < 2_000; round++)
        {
            var text = Whole.ToCharArray();
            for (var changes = random.Next(1, 6); changes > 0; changes--)
            {
                text[random.Next(text.Length)] = "{}[]:,-'\"$ \n0x"[random.Next(14)];
            }

            try
            {
                ScenarioReader.Parse(new string(text), environment: Environment);
            }
            catch (ScenarioException e)
            {
                e.Mistakes.ShouldNotBeEmpty();
            }
        }
    }
}
