using System.Collections;
using System.Text.Json.Nodes;
using Fettle.Services.Host;
using Fettle.Services.Host.Configuration;
using Fettle.Shared.Verbs;
using Fettle.Testing;

namespace Fettle.Services.Tests.Host;

public sealed class ConfigTests : IDisposable
{
    static readonly Dictionary<string, string> Nothing = [];
    readonly string _folder = Directory.CreateTempSubdirectory("fettle-config-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    string Yaml(string text)
    {
        var path = Path.Combine(_folder, "fettle.yaml");
        File.WriteAllText(path, text);
        return path;
    }

    static EffectiveSetting Of(EffectiveSettings settings, string name) => settings.All.Single(s => s.Setting.Name == name);

    [Fact]
    public void LaterSources_WinAndAreNamed()
    {
        var file = Yaml("tune: { other: verbs }\nservice:\n  profile: production\n  cache:\n    entries: 1\n    seconds: 2\n  log:\n    level: debug\n");
        var environment = new Hashtable { ["FETTLE__CACHE__ENTRIES"] = "3", ["FETTLE__CACHE__SECONDS"] = "4", ["FETTLE_REDIS"] = "redis://h", ["PATH"] = "/bin" };
        var settings = EffectiveSettings.Read(new Dictionary<string, string> { ["--cache-entries"] = "5" }, file, environment);

        (Of(settings, "cache:entries").Value, Of(settings, "cache:entries").Source).ShouldBe(("5", "--cache-entries"));
        (Of(settings, "cache:seconds").Value, Of(settings, "cache:seconds").Source).ShouldBe(("4", "FETTLE__CACHE__SECONDS"));
        (Of(settings, "log:level").Value, Of(settings, "log:level").Source).ShouldBe(("debug", file + ":8"));
        (Of(settings, "cache:redis").Value, Of(settings, "cache:redis").Source).ShouldBe(("redis://h", "FETTLE_REDIS"));
        (Of(settings, "server:drain-seconds").Value, Of(settings, "server:drain-seconds").Source).ShouldBe(("5", "profile production"));
        (Of(settings, "stocks:runs").Value, Of(settings, "stocks:runs").Source).ShouldBe((null, "not set"));
    }

    [Fact]
    public void Profiles_DifferWhereTheyShould()
    {
        EffectiveSettings In(string profile) => EffectiveSettings.Read(new Dictionary<string, string> { ["--profile"] = profile }, null, new Hashtable());
        var (development, production, test) = (In("development"), In("production"), In("test"));
        var differing = development.All.Zip(production.All, test.All).Where(s => s.First.Setting.Name != "profile" && (s.First.Value != s.Second.Value || s.First.Value != s.Third.Value)).Select(s => s.First.Setting.Name);

        differing.ShouldBe(
            [
                "server:drain-seconds", "database:max-connections", "cache:entries", "cache:seconds", "limits:loopback", "limits:body-bytes",
                "limits:request-seconds", "log:level", "endpoints:openapi", "endpoints:metrics",
            ]);
        EffectiveSettings.Read(Nothing, null, new Hashtable()).All.Select(s => s.Value).ShouldBe(development.All.Select(s => s.Value));
    }

    [Fact]
    public void EveryDefault_IsAllowedByItsOwnSetting()
    {
        foreach (var setting in StocksSettings.All)
        {
            foreach (var profile in Enum.GetValues<Profile>())
            {
                (setting.In(profile) is { } value ? setting.Refuse(value) : null).ShouldBeNull($"{setting.Name} in {profile}");
            }
        }

        StocksSettings.All.Select(s => s.Name).ShouldBeUnique();
    }

    [Fact]
    public void Mistakes_AreToldAllAtOnceWithPlaceRangeAndNearestName()
    {
        var file = Yaml("service:\n  cache:\n    entires: 1\n    seconds: soon\n  limits:\n    single-rate: 0\n");
        var environment = new Hashtable { ["FETTLE__LOG__LEVL"] = "debug", ["FETTLE_ADMIN_TOKEN"] = "short-secret" };
        var mistake = Should.Throw<UserErrorException>(() => EffectiveSettings.Read(new Dictionary<string, string> { ["--profile"] = "prod" }, file, environment));

        mistake.ExitCode.ShouldBe(ExitCode.Usage);
        mistake.Message.Split('\n').Length.ShouldBe(6);
        mistake.Message.ShouldContain(file + ":3: unknown setting 'cache:entires'; did you mean 'cache:entries'?");
        mistake.Message.ShouldContain(file + ":4: cache:seconds is 'soon'; allowed: a whole number from 1 to 604800");
        mistake.Message.ShouldContain("limits:single-rate is '0'");
        mistake.Message.ShouldContain("unknown variable FETTLE__LOG__LEVL; did you mean 'FETTLE__LOG__LEVEL'?");
        mistake.Message.ShouldContain("--profile: profile is 'prod'; allowed: development or production or test");
        mistake.Message.ShouldContain("at least 16 characters");
        mistake.Message.ShouldNotContain("short-secret");
    }

    [Theory]
    [InlineData("- a\n- b\n", "is not a mapping")]
    [InlineData("service: [1\n", "not YAML")]
    [InlineData("service:\n  cache:\n    entries: [1, 2]\n", "must be a plain value")]
    public void UnreadableFiles_AreNamedWithTheirLine(string text, string said) =>
        Should.Throw<UserErrorException>(() => EffectiveSettings.Read(Nothing, Yaml(text), new Hashtable())).Message.ShouldContain(said);

    [Fact]
    public void MissingFile_IsAMistake() =>
        Should.Throw<UserErrorException>(() => EffectiveSettings.Read(Nothing, Path.Combine(_folder, "none.yaml"), new Hashtable())).Message.ShouldContain("cannot be read");

    /// <summary>What the capacity planner writes into a deployment is a name that the service knows.</summary>
    [Fact]
    public void VariablesWithoutUnderscores_AreTheSame() =>
        Of(EffectiveSettings.Read(Nothing, null, new Hashtable { ["FETTLE__DATABASE__MAXCONNECTIONS"] = "7" }), "database:max-connections").Value.ShouldBe("7");

    [Fact]
    public void Secrets_AreNotShown()
    {
        var environment = new Hashtable
        {
            ["FETTLE_ADMIN_TOKEN"] = "sesame-sesame-sesame",
            ["FETTLE__CACHE__REDIS"] = "redis://user:sesame@host:6379",
            ["FETTLE__DATABASE__ADDRESS"] = "postgres:Host=h;Username=u;Password=sesame;Database=d",
        };
        var shown = string.Join('\n', EffectiveSettings.Read(Nothing, null, environment).All.Select(s => s.Shown));

        shown.ShouldNotContain("sesame");
        shown.ShouldContain("redis://user:***@host:6379");
        shown.ShouldContain("postgres:Host=h;Port=5432;Database=d");
    }

    [Fact]
    public async Task ConfigShow_PrintsAndWritesTheEffectiveValues()
    {
        using var console = ConsoleCapture.Start();
        var json = Path.Combine(_folder, "config.json");
        (await HostCommandLine.RunAsync(["config", "show", "--profile", "production", "--redis", "redis://:sesame@h", "--warm", "--json", json])).ShouldBe(0, console.Error);

        console.Output.ShouldContain("cache:entries");
        console.Output.ShouldContain("profile production");
        console.Output.ShouldContain("--redis");
        console.Output.ShouldNotContain("sesame");
        var document = JsonNode.Parse(await File.ReadAllTextAsync(json))!;
        ((string)document["schema"]!).ShouldBe("fettle.config/1");
        var warm = document["settings"]!.AsArray().Single(s => (string)s!["name"]! == "cache:warm")!;
        ((string)warm["value"]!, (string)warm["source"]!).ShouldBe(("true", "--warm"));
    }

    [Fact]
    public async Task ConfigShow_WritesTheGoldenContract()
    {
        using var console = ConsoleCapture.Start();
        var json = Path.Combine(_folder, "config.json");
        (await HostCommandLine.RunAsync(["config", "show", "--profile", "test", "--redis", "redis://:sesame@h", "--cache-entries", "7", "--database", "sqlite:/data/stocks.db", "--json", json])).ShouldBe(0, console.Error);
        var document = JsonNode.Parse(await File.ReadAllTextAsync(json))!;
        var settings = document["settings"]!.AsArray();

        // Names are what variables, files and scripts hold; of the rest, one of each kind shows the form.
        document["names"] = new JsonArray([.. settings.Select(s => s!["name"]!.DeepClone())]);
        string[] shown = ["profile", "database:address", "cache:entries", "cache:seconds", "cache:redis", "cache:popularity"];
        document["settings"] = new JsonArray([.. settings.Where(s => shown.Contains((string)s!["name"]!)).Select(s => s!.DeepClone())]);
        AspNetCore.Tests.Golden.Matches("config.json", document);
    }

    [Fact]
    public async Task ConfigShow_SetsTheProfilesSideBySide()
    {
        using var console = ConsoleCapture.Start();
        (await HostCommandLine.RunAsync(["config", "show", "--profiles"])).ShouldBe(0);
        console.Output.Split('\n').Single(l => l.StartsWith("cache:entries ", StringComparison.Ordinal)).Split(' ', StringSplitOptions.RemoveEmptyEntries).ShouldBe(["cache:entries", "50000", "200000", "1000"]);
        (await HostCommandLine.RunAsync(["config", "show", "shop"])).ShouldBe(2);
    }
}
