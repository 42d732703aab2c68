using System.Text.Json.Nodes;
using Fettle.Cli.Delivery.Cdn;
using Fettle.LoadTesting.Tests;
using Fettle.Shared.Verbs;
using Fettle.Testing;

namespace Fettle.Cli.Tests.Delivery;

public sealed class CdnTests : IDisposable
{
    const string Policies = """
        {"schema":"fettle.delivery/1","service":"shop","policies":[
          {"name":"assets","paths":["/assets/*"],"browserSeconds":31536000,"edgeSeconds":31536000,"edgeStaleSeconds":0,"immutable":true,"tags":[]},
          {"name":"items","paths":["/item/*","/items"],"browserSeconds":0,"edgeSeconds":300,"edgeStaleSeconds":60,"immutable":false,"query":["q","limit"],"tags":["items"]},
          {"name":"plain","paths":["/item/best"],"browserSeconds":0,"edgeSeconds":60,"edgeStaleSeconds":0,"immutable":false,"query":[],"tags":[]},
          {"name":"never","paths":["/me"],"browserSeconds":0,"edgeSeconds":0,"edgeStaleSeconds":0,"immutable":false,"tags":[]}]}
        """;

    readonly string _folder = Directory.CreateTempSubdirectory("fettle-cdn-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    string File(string name, string text)
    {
        var path = Path.Combine(_folder, name);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        System.IO.File.WriteAllText(path, text);
        return path;
    }

    static async Task<(int Code, string Output, string Error)> FettleAsync(params string[] arguments)
    {
        using var console = ConsoleCapture.Start();
        var code = await CommandLine.RunAsync(["delivery", .. arguments]);
        return (code, console.Output, console.Error);
    }

    async Task<JsonObject> ConfigurationAsync(string vendor)
    {
        var (code, output, error) = await FettleAsync("cdn", "--vendor", vendor, "--policies", File("policies.json", Policies), "--origin", "origin.example:8443");
        code.ShouldBe(0, error);
        return JsonNode.Parse(output)!.AsObject();
    }

    /// <summary>Each configuration fits the schema of its vendor's fields, and the schema is no rubber stamp: whatever member is misspelt or missing, it says so.</summary>
    [Theory]
    [InlineData("cloudfront", "cloudfront.json")]
    [InlineData("google", "google-cdn.json")]
    [InlineData("cloudflare", "cloudflare.json")]
    public async Task Configuration_FitsTheSchemaOfTheVendor(string vendor, string schema)
    {
        var configuration = await ConfigurationAsync(vendor);
        var rules = JsonSchema.Load(schema);
        rules.Mistakes(configuration).ShouldBeEmpty();

        var tried = 0;
        foreach (var path in Objects(configuration, []).ToArray())
        {
            // Names that the author chooses: resources, parameters, outputs.
            if (path is ["Resources"] or ["Parameters"] or ["Outputs"])
            {
                continue;
            }

            var copy = configuration.DeepClone();
            var target = path.Aggregate(copy, (node, step) => step is int index ? node[index]! : node[(string)step]!).AsObject();
            target["Misspelt"] = "x";
            rules.Mistakes(copy).ShouldNotBeEmpty(string.Join('.', path));
            tried++;
        }

        tried.ShouldBeGreaterThan(8);
    }

    [Fact]
    public async Task CloudFront_KeepsNarrowPathsFirst_OverTls12Only()
    {
        var configuration = await ConfigurationAsync("cloudfront");
        var distribution = configuration["Resources"]!["Distribution"]!["Properties"]!["DistributionConfig"]!;

        distribution["CacheBehaviors"]!.AsArray().Select(b => (string)b!["PathPattern"]!).ShouldBe(["/item/best", "/items", "/assets/*", "/item/*"]);
        distribution["CacheBehaviors"]!.AsArray().ShouldAllBe(b => (string)b!["ViewerProtocolPolicy"]! == "https-only" && (bool)b["Compress"]!);
        ((string)distribution["ViewerCertificate"]!["MinimumProtocolVersion"]!).ShouldBe("TLSv1.2_2021");
        ((string)distribution["Origins"]![0]!["DomainName"]!).ShouldBe("origin.example");
        ((int)distribution["Origins"]![0]!["CustomOriginConfig"]!["HTTPSPort"]!).ShouldBe(8443);
        var items = configuration["Resources"]!["CachePolicyItems"]!["Properties"]!["CachePolicyConfig"]!;
        ((int)items["MinTTL"]!).ShouldBe(300);
        items["ParametersInCacheKeyAndForwardedToOrigin"]!["QueryStringsConfig"]!["QueryStrings"]!.AsArray().Select(q => (string)q!).ShouldBe(["q", "limit"]);
        ((string)configuration["Resources"]!["CachePolicyPlain"]!["Properties"]!["CachePolicyConfig"]!["ParametersInCacheKeyAndForwardedToOrigin"]!["QueryStringsConfig"]!["QueryStringBehavior"]!).ShouldBe("none");
    }

    [Fact]
    public async Task Google_HasABackendServiceForEachPolicy()
    {
        var configuration = await ConfigurationAsync("google");

        configuration["backendServices"]!.AsArray().Select(b => (string)b!["name"]!).ShouldBe(["shop", "shop-plain", "shop-items", "shop-assets"], ignoreOrder: true);
        var items = configuration["backendServices"]!.AsArray().Single(b => (string)b!["name"]! == "shop-items")!["cdnPolicy"]!;
        ((int)items["defaultTtl"]!, (int)items["clientTtl"]!, (int)items["serveWhileStale"]!).ShouldBe((300, 0, 60));
        ((string)configuration["sslPolicy"]!["minTlsVersion"]!).ShouldBe("TLS_1_2");
        configuration["urlMap"]!["pathMatchers"]![0]!["routeRules"]!.AsArray().Select(r => (int)r!["priority"]!).ShouldBeInOrder();
    }

    [Fact]
    public async Task Cloudflare_MatchesEveryPathAndAsksForTls12()
    {
        var configuration = await ConfigurationAsync("cloudflare");

        var rules = configuration["ruleset"]!["rules"]!.AsArray();
        ((string)rules.Single(r => (string)r!["ref"]! == "items")!["expression"]!).ShouldContain("""(http.request.uri.path eq "/items" or http.request.uri.path strict wildcard "/item/*")""");
        configuration["settings"]!.AsArray().Single(s => (string)s!["id"]! == "min_tls_version")!["value"]!.GetValue<string>().ShouldBe("1.2");
        rules.Select(r => (string)r!["ref"]!).ShouldNotContain("never");
    }

    [Theory]
    [InlineData("schema", "\"other/1\"", "fettle.delivery/1")]
    [InlineData("service", "\"Shop!\"", "Shop!")]
    [InlineData("policies", "[{\"name\":\"a\",\"paths\":[\"no-slash\"],\"edgeSeconds\":1,\"tags\":[]}]", "no-slash")]
    [InlineData("policies", "[{\"name\":\"a\",\"paths\":[\"/a b\"],\"edgeSeconds\":1,\"tags\":[]}]", "/a b")]
    [InlineData("policies", "[{\"name\":\"a\",\"paths\":[\"/a\"],\"edgeSeconds\":-1,\"tags\":[]}]", "edgeSeconds is -1")]
    [InlineData("policies", "[{\"name\":\"a\",\"paths\":[\"/a\"],\"edgeSeconds\":1,\"tags\":[\"a,b\"]}]", "a,b")]
    [InlineData("policies", "[{\"name\":\"a\",\"paths\":[],\"tags\":[]},{\"name\":\"a\",\"paths\":[],\"tags\":[]}]", "two policies")]
    [InlineData("policies", "3", "cannot be read")]
    public async Task WrongPolicies_AreOneLine(string member, string value, string said)
    {
        var document = JsonNode.Parse(Policies)!.AsObject();
        document[member] = JsonNode.Parse(value);
        var (code, output, error) = await FettleAsync("cdn", "--vendor", "google", "--policies", File("p.json", document.ToJsonString()), "--origin", "o.example");

        code.ShouldBe(1);
        output.ShouldBeEmpty();
        error.ShouldContain(said);
        error.TrimEnd('\n').ShouldNotContain('\n');
    }

    [Fact]
    public void TagsThatAVendorWouldCut_AreNamed()
    {
        string[] tags = [new string('x', 200)];
        CdnVendor.Named("google").TagMistakes(tags).ShouldHaveSingleItem().ShouldContain("1–120");
        CdnVendor.Named("cloudfront").TagMistakes(tags).ShouldBeEmpty();
        CdnVendor.Named("cloudfront").TagMistakes([new string('x', 257)]).ShouldHaveSingleItem();
        CdnVendor.Named("cloudflare").TagMistakes([new string('x', 1025)]).ShouldHaveSingleItem();
        CdnVendor.Named("cloudfront").TagMistakes([.. Enumerable.Range(0, 51).Select(i => $"t{i}")]).ShouldHaveSingleItem().ShouldContain("50");
        CdnVendor.Named("cloudflare").TagMistakes(["a b", "é", ""]).Count().ShouldBe(3);
    }

    [Fact]
    public void PoliciesThatGoogleWouldRefuse_AreNamed()
    {
        var policy = new EdgePolicy(new string('p', 40), ["/a"], 0, 60, 8 * 24 * 3600, false, null, []);
        CdnVendor.Named("google").PolicyMistakes(new string('s', 30), policy).Count().ShouldBe(2);
        CdnVendor.Named("google").PolicyMistakes("s", policy with { EdgeStaleSeconds = 0 }).ShouldBeEmpty();
    }

    [Theory]
    [InlineData("cloudfront", "--distribution", "aws cloudfront create-invalidation --distribution-id ID --paths '#a' '#b' /x")]
    [InlineData("google", "--url-map", "gcloud compute url-maps invalidate-cdn-cache ID --tags a,b --async\ngcloud compute url-maps invalidate-cdn-cache ID --path /x --async")]
    public async Task Purge_PrintsTheVendorsCommands(string vendor, string option, string commands)
    {
        var (code, output, _) = await FettleAsync("purge", "--vendor", vendor, option, "ID", "--tags", "a,b", "--paths", "/x");
        code.ShouldBe(0);
        output.TrimEnd('\n').ShouldBe(commands);
    }

    [Fact]
    public async Task CloudflaresToken_StandsOnNoCommandLine()
    {
        var (_, output, _) = await FettleAsync("purge", "--vendor", "cloudflare", "--zone", "Z", "--tags", string.Join(',', Enumerable.Range(0, 150).Select(i => $"t{i}")));
        var lines = output.TrimEnd('\n').Split('\n');

        lines.Length.ShouldBe(2, "100 tags a request");
        lines.ShouldAllBe(l => l.StartsWith("printf ", StringComparison.Ordinal) && l.Contains("$CLOUDFLARE_API_TOKEN", StringComparison.Ordinal) && l.Contains("/zones/Z/purge_cache", StringComparison.Ordinal));
        lines[1].ShouldContain("\"t149\"");
    }

    [Theory]
    [InlineData("purge", "--vendor", "akamai", "--tags", "a")]
    [InlineData("purge", "--vendor", "google", "--tags", "a")]
    [InlineData("purge", "--vendor", "google", "--url-map", "m")]
    [InlineData("purge", "--vendor", "google", "--url-map", "m", "--paths", "x")]
    [InlineData("purge", "--vendor", "nginx", "--cache-folder", "/", "--paths", "/x")]
    [InlineData("publish", "missing-folder", "--vendor", "google", "--bucket", "b", "--url-map", "m")]
    [InlineData("cdn", "--vendor", "google", "--policies", "none.json", "--origin", "http://o.example")]
    [InlineData("cdn", "--vendor", "google", "--policies", "none.json", "--origin", "o.example/path")]
    [InlineData("cdn", "--vendor", "nginx", "--policies", "none.json", "--origin", "o.example", "--listen", "0.0.0.0:80")]
    public async Task WrongArguments_AreOneLine(params string[] arguments)
    {
        if (arguments[0] == "cdn")
        {
            arguments[Array.IndexOf(arguments, "none.json")] = File("policies.json", Policies);
        }

        var (code, output, error) = await FettleAsync(arguments);
        code.ShouldBe(ExitCode.Usage, error);
        output.ShouldBeEmpty();
        error.TrimEnd('\n').ShouldNotContain('\n');
    }

    [Theory]
    [InlineData("cloudfront", "--distribution", "aws s3 cp")]
    [InlineData("google", "--url-map", "gcloud storage cp")]
    [InlineData("cloudflare", "--zone", "wrangler r2 object put")]
    public async Task Publish_UploadsPartsBeforePages_AndPurgesWhatChangesItsContent(string vendor, string option, string upload)
    {
        foreach (var name in new[] { "index.html", "assets/app-1a2b3c4d.js", "assets/app-1a2b3c4d.js.br", "icon.svg", "sw.js", ".hidden" })
        {
            File("page/" + name, name);
        }

        var (code, output, error) = await FettleAsync("publish", Path.Combine(_folder, "page"), "--vendor", vendor, "--bucket", "b", option, "ID");
        code.ShouldBe(0, error);
        var lines = output.TrimEnd('\n').Split('\n');
        var uploads = lines.Where(l => l.StartsWith(upload, StringComparison.Ordinal)).ToArray();

        uploads.Length.ShouldBe(4);
        uploads[0].ShouldContain("public, max-age=31536000, immutable");
        uploads[^1].ShouldContain("index.html");
        uploads[^1].ShouldContain("no-cache");
        var purged = string.Join('\n', lines[uploads.Length..]);
        purged.ShouldContain("/index.html");
        purged.ShouldContain("/icon.svg");
        purged.ShouldNotContain("app-1a2b3c4d");
    }

    [Fact]
    public async Task WithAYes_TheCommandsRunAndTheFirstFailureStops()
    {
        var kept = File("cache/a/b", "cached");
        var (code, _, error) = await FettleAsync("purge", "--vendor", "nginx", "--cache-folder", Path.Combine(_folder, "cache"), "--paths", "/x", "--yes");
        code.ShouldBe(0, error);
        System.IO.File.Exists(kept).ShouldBeFalse();
        Directory.Exists(Path.Combine(_folder, "cache")).ShouldBeTrue();

        var failing = await Should.ThrowAsync<UserErrorException>(() => VendorCommand.OfferAsync([new("sh", "-c", "exit 3"), new("sh", "-c", "exit 0")], yes: true, default));
        failing.Message.ShouldContain("command 1 of 2 ended with 3");
        (await Should.ThrowAsync<UserErrorException>(() => VendorCommand.OfferAsync([new("no-such-program-here")], yes: true, default))).Message.ShouldContain("no-such-program-here");
    }

    [Theory]
    [InlineData("plain", "plain")]
    [InlineData("", "''")]
    [InlineData("a b", "'a b'")]
    [InlineData("it's", "'it'\\''s'")]
    [InlineData("$(rm)", "'$(rm)'")]
    [InlineData("#tag", "'#tag'")]
    public void Quoting_KeepsAnArgumentOneArgument(string text, string quoted) => VendorCommand.Quote(text).ShouldBe(quoted);

    static IEnumerable<object[]> Objects(JsonNode? node, object[] path) => node switch
    {
        JsonObject members => members.SelectMany(m => Objects(m.Value, [.. path, m.Key])).Prepend(path),
        JsonArray list => list.SelectMany((item, i) => Objects(item, [.. path, i])),
        _ => [],
    };
}
