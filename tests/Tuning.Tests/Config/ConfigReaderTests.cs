using System.Text.Json.Nodes;
using Fettle.Testing;
using Fettle.Tuning.Config;

namespace Fettle.Tuning.Tests.Config;

public sealed class ConfigReaderTests : IDisposable
{
    const string Whole = """
        schema: fettle.config/1
        name: shop
        token: secret
        start:
          command: [python3, app.py, --port, "{port}"]
          environment: { DB: "{database.value}" }
          folder: .
          ready: /healthz
          timeout: 20s
          settings:
            - { name: four-workers, environment: { WORKERS: "4" }, why: more at once, risk: low }
        database: { address: "sqlite:shop.db", statements: statements.sql }
        variables: { day: monday }
        feeds: { item: { values: [a, b] } }
        headers: { X-Day: "${day}" }
        auth: { bearer: t }
        requests:
          - { name: item, weight: 3, path: "/items/${item}" }
          - { name: search, path: /search, json: { q: "${item}" } }
        answers: { samples: 9, encodings: [identity, br], reads: [search], ignore: [/at] }
        trust: auto
        budget: 3m
        risk: low
        control: /healthz
        allow-writes: true
        allow-hosts: [shop.internal]
        thresholds: [p95<20, capacity>500]
        """;

    readonly string _folder = Directory.CreateTempSubdirectory("fettle-config-").FullName;

    public ConfigReaderTests()
    {
        File.WriteAllText(Path.Combine(_folder, "shop.db"), "");
        File.WriteAllText(Path.Combine(_folder, "statements.sql"), "SELECT 1;");
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void WholeFile_IsRead()
    {
        var config = Read(Whole);
        config.Name.ShouldBe("shop");
        config.Start!.Program.ShouldBe("python3");
        config.Start.ReadyTimeout.ShouldBe(TimeSpan.FromSeconds(20));
        config.Settings.ShouldHaveSingleItem().Environment["WORKERS"].ShouldBe("4");
        config.Database!.Value.ShouldBe(Path.Combine(_folder, "shop.db"));
        config.Trust.ShouldBe(Trust.Auto);
        config.Budget.ShouldBe(TimeSpan.FromMinutes(3));
        config.Answers.Encodings.ShouldBe(["identity", "br"]);
        config.Thresholds.Select(t => t.ToString()).ShouldBe(["p95<20", "capacity>500"]);
        config.AllowedHosts.ShouldBe(["shop.internal"]);
    }

    [Fact]
    public void Trust_IsObserveUnlessGiven() =>
        Read("schema: fettle.config/1\nurl: http://127.0.0.1:1\nrequests: [{ path: / }]").Trust.ShouldBe(Trust.Observe);

    [Fact]
    public void EveryMistake_IsListedAtOnceWithItsLineAndTheNearestName()
    {
        var text = """
            schema: fettle.config/1
            nmae: shop
            url: ftp://x
            database: { adress: "sqlite:shop.db" }
            requests: [{ pth: / }]
            trust: autto
            budget: 1s
            risk: huge
            control: healthz
            answers: { samples: 0, traffic: nothing.log }
            thresholds: [p59<20]
            start: { command: [python3], ready: healthz, setings: [] }
            """;
        var message = Should.Throw<TuningException>(() => Read(text)).Message;
        foreach (var part in new[]
        {
            "line 2: the file has no key 'nmae'; did you mean 'name'?",
            "line 3: url is 'ftp://x'",
            "line 4: database has no key 'adress'; did you mean 'address'?",
            "line 5: requests has no key 'pth'; did you mean 'path'?",
            "line 6: trust is 'autto'; allowed: observe, advise, apply, auto; did you mean 'auto'?",
            "line 7: budget is '1s'",
            "line 8: risk is 'huge'",
            "line 9: control is 'healthz'",
            "line 10: answers.samples is '0'",
            "nothing.log",
            "line 11: threshold 'p59<20' names 'p59'",
            "line 12: start.command has neither {port} nor {url}",
            "line 12: start has no key 'setings'; did you mean 'settings'?",
        })
        {
            message.ShouldContain(part);
        }
    }

    [Theory]
    [InlineData("", "schema is missing")]
    [InlineData("schema: fettle.config/1", "neither url nor start")]
    [InlineData("schema: fettle.config/1", "one of scenario (a file) and requests (a list) is needed")]
    [InlineData("schema: fettle.config/2", "allowed: fettle.config/1")]
    [InlineData("[1, 2]", "a mapping with the keys")]
    [InlineData("a: b: c", "not YAML")]
    [InlineData("schema: fettle.config/1\nurl: http://x\nscenario: gone.yaml", "there is no file")]
    [InlineData("schema: fettle.config/1\nurl: http://x\ntoken: ${env.FETTLE_NOT_SET}\nrequests: [{ path: / }]", "FETTLE_NOT_SET is not set")]
    [InlineData("schema: fettle.config/1\nurl: http://x\nrequests: []", "requests is empty")]
    [InlineData("schema: fettle.config/1\nurl: http://x\nscenario: s.yaml\nfeeds: {}\nrequests: []", "one of scenario")]
    [InlineData("schema: fettle.config/1\nname: a b\nurl: http://x\nrequests: [{ path: / }]", "name is 'a b'")]
    [InlineData("schema: fettle.config/1\nurl: http://x\ndatabase: { address: 'mysql:x' }\nrequests: [{ path: / }]", "starts with 'sqlite:' or 'postgres:'")]
    [InlineData("schema: fettle.config/1\nurl: http://x\nrequests: [{ path: '/${nothing}' }]", "${nothing} is not known")]
    public void Mistake_SaysWhatIsExpected(string yaml, string expected) =>
        Should.Throw<TuningException>(() => Read(yaml)).Message.ShouldContain(expected);

    [Fact]
    public void MistakesOfTheScenarioFile_AreListedWithItsName()
    {
        File.WriteAllText(Path.Combine(_folder, "s.yaml"), "scenarios: { a: { users: 1, duration: 1s, requests: [{ pth: / }] } }");
        var message = Should.Throw<TuningException>(() => Read("schema: fettle.config/1\nurl: http://x\nscenario: s.yaml\ntrust: no")).Message;
        message.ShouldContain("s.yaml, line 1:");
        message.ShouldContain("trust is 'no'");
    }

    [Fact]
    public void RequestThatNeedsAnEarlierAnswer_IsRefused()
    {
        File.WriteAllText(Path.Combine(_folder, "s.yaml"), """
            scenarios:
              a: { users: 1, duration: 1s, requests: [{ steps: [{ path: /a, extract: { id: { json: $.id } } }, { path: "/b/${id}" }] }] }
            """);
        Should.Throw<TuningException>(() => Read("schema: fettle.config/1\nurl: http://x\nscenario: s.yaml")).Message.ShouldContain("which only an earlier answer gives");
    }

    [Fact]
    public void BrokenTexts_EndInOneKindOfError()
    {
        var random = new Random(11);
        for (var i = 0; i < 400; i++)
        {
            var text = Whole.ToCharArray();
            for (var k = random.Next(1, 6); k > 0; k--)
            {
                text[random.Next(text.Length)] = "{}[]:,\"'\n\t -#&*!|>%@x0"[random.Next(22)];
            }

            try
            {
                Read(new string(text));
            }
            catch (TuningException)
            {
            }
        }
    }

    /// <summary>The published schema and the reader know the same keys.</summary>
    [Fact]
    public void PublishedSchema_ListsTheKeysOfTheReader()
    {
        var schema = JsonNode.Parse(File.ReadAllText(Programs.RepositoryFile("deploy/schemas/fettle.config-1.json")))!;
        string[] Keys(JsonNode node) => [.. node["properties"]!.AsObject().Select(p => p.Key).Order()];
        Keys(schema).ShouldBe(ConfigReader.Keys.Order());
        var properties = schema["properties"]!;
        Keys(properties["start"]!).ShouldBe(ConfigReader.StartKeys.Order());
        Keys(properties["start"]!["properties"]!["settings"]!["items"]!).ShouldBe(ConfigReader.SettingKeys.Order());
        Keys(properties["database"]!).ShouldBe(ConfigReader.DatabaseKeys.Order());
        Keys(properties["answers"]!).ShouldBe(ConfigReader.AnswerKeys.Order());
        properties["trust"]!["enum"]!.AsArray().Select(t => (string)t!).ShouldBe(ConfigReader.Trusts);
        ((string)properties["schema"]!["const"]!).ShouldBe(ConfigReader.Schema);
    }

    [Fact]
    public void ShippedExample_IsReadWithoutMistake()
    {
        var example = Programs.RepositoryFile("deploy/examples/notes");
        foreach (var file in Directory.GetFiles(example))
        {
            File.Copy(file, Path.Combine(_folder, Path.GetFileName(file)), overwrite: true);
        }

        File.WriteAllText(Path.Combine(_folder, "notes.db"), "");
        var config = ConfigReader.Load(Path.Combine(_folder, "fettle.yaml"));
        config.Trust.ShouldBe(Trust.Apply);
        ConfigTarget.Make(config).Live.ShouldBeFalse();
    }

    TuningConfig Read(string yaml) => ConfigReader.Parse(yaml, "fettle.yaml", _folder);
}
