using System.Collections.Concurrent;
using Fettle.LoadTesting.Importing;
using Fettle.LoadTesting.Scenarios;
using Fettle.Testing;

namespace Fettle.LoadTesting.Tests.Importing;

public sealed class ScenarioImporterTests
{
    const string Har = """
        {"log":{"version":"1.2","entries":[
          {"startedDateTime":"2025-01-31T10:00:00.500Z","time":100,
           "request":{"method":"POST","url":"http://shop.test/cart?x=1","headers":[{"name":"Host","value":"shop.test"},{"name":"Content-Type","value":"application/json"},{"name":":authority","value":"shop.test"},{"name":"X-A","value":"${not} a value"}],"postData":{"mimeType":"application/json","text":"{\"id\": 1, \"t\": \"a\\\"b ${x}\"}"}},
           "response":{"status":201}},
          {"startedDateTime":"2025-01-31T10:00:00.000Z","time":200,"request":{"method":"GET","url":"http://shop.test/","headers":[{"name":"If-None-Match","value":"x"}]},"response":{"status":304}},
          {"startedDateTime":"2025-01-31T10:00:00.100Z","time":200,"request":{"method":"GET","url":"http://cdn.test/a.js","headers":[]},"response":{"status":200}},
          {"startedDateTime":"2025-01-31T10:00:00.600Z","time":10,"request":{"method":"GET","url":"http://shop.test/gone","headers":[]},"response":{"status":404}}
        ]}}
        """;

    [Fact]
    public async Task Har_BecomesOneUserThatRepeatsTheRequestsWithTheirPauses()
    {
        var imported = ScenarioImporter.FromHar(Har, "shop");
        imported.Notes.ShouldHaveSingleItem().ShouldStartWith("1 of 4 requests go to other hosts than http://shop.test");
        var file = ScenarioReader.Parse(imported.Yaml);
        file.Target.ShouldBe(new Uri("http://shop.test"));
        var steps = file.Scenarios.Single().Entries.Single().Steps;
        steps.Select(s => s.Name).ShouldBe(["GET /", "POST /cart", "GET /gone"]);
        steps[0].Think.ShouldBe(TimeSpan.FromMilliseconds(300));
        steps[0].Headers.ShouldBeEmpty();
        steps[2].Expect.ShouldBe([404]);

        var seen = new ConcurrentQueue<ScriptedRequest>();
        using var enough = new CancellationTokenSource();
        await using var server = new ScriptedServer(async r =>
        {
            seen.Enqueue(r);
            if (r.Number == 7)
            {
                await enough.CancelAsync(); // three of the check before the run, three of the user's first round
            }

            await r.WriteAsync($"HTTP/1.1 {(r.Path == "/gone" ? "404 Not Found" : "200 OK")}\r\nContent-Length: 0\r\n\r\n");
            return true;
        });
        var run = await new ScenarioRunner().RunAsync(file, new ScenarioRunOptions { Target = server.BaseUrl, MaxDuration = TimeSpan.FromMinutes(1), CheckFirst = true }, null, enough.Token);
        run.Overall.Failed.ShouldBe(0, string.Join(';', run.Overall.ErrorSamples));
        var post = seen.First(r => r.Method == "POST");
        (post.Path, post.Header("Content-Type"), post.Header("X-A"), post.Header("Cookie")).ShouldBe(("/cart?x=1", "application/json", "${not} a value", null));
        post.Body.ShouldBe("{\"id\": 1, \"t\": \"a\\\"b ${x}\"}");
    }

    [Theory]
    [InlineData("")]
    [InlineData("{")]
    [InlineData("[1]")]
    [InlineData("{\"log\":{\"entries\":[]}}")]
    [InlineData("{\"log\":{\"entries\":[{\"request\":{\"method\":\"GET\",\"url\":\"about:blank\"}}]}}")]
    public void Har_ThatIsNone_IsOneClearError(string text) => Should.Throw<InvalidDataException>(() => ScenarioImporter.FromHar(text, "x"));

    const string OpenApi = """
        openapi: 3.1.0
        servers: [{ url: http://shop.test/v1 }]
        paths:
          /items/{id}:
            parameters: [{ name: id, in: path, required: true, schema: { type: integer, minimum: 7 } }]
            get:
              operationId: item
              parameters:
                - { name: day, in: query, required: true, schema: { type: string, format: date } }
                - { name: page, in: query, schema: { type: integer } }
                - { name: X-Tenant, in: header, required: true, example: acme }
            delete: { operationId: drop }
          /orders:
            post:
              requestBody:
                content:
                  application/json: { schema: { $ref: "#/components/schemas/Order" } }
        components:
          schemas:
            Base: { type: object, properties: { note: { type: [string, "null"] } } }
            Order:
              allOf: [{ $ref: "#/components/schemas/Base" }]
              properties:
                ids: { type: array, minItems: 2, items: { type: integer } }
                kind: { enum: [a, b] }
                self: { $ref: "#/components/schemas/Order" }
                price: { type: number, maximum: 0.5 }
                ok: { type: boolean }
        """;

    [Fact]
    public void OpenApi_ReadsOnlyUnlessAsked()
    {
        var imported = ScenarioImporter.FromOpenApi(OpenApi, "shop");
        var entry = ScenarioReader.Parse(imported.Yaml).Scenarios.Single().Entries.Single();
        var step = entry.Steps.Single();
        step.Name.ShouldBe("item");
        step.Path.Render(FlowVariables.None).ShouldBe("/v1/items/7?day=2025-01-31");
        step.Headers.Select(h => (h.Name, h.Value.Render(FlowVariables.None))).ShouldBe([("X-Tenant", "acme")]);
        imported.Notes.ShouldContain(n => n.StartsWith("2 operations that change something are left out"));
        imported.Notes.ShouldContain(n => n.Contains("path parameter 'id'; '7' is made up"));
    }

    [Fact]
    public void OpenApi_MakesBodiesOfSchemas()
    {
        var imported = ScenarioImporter.FromOpenApi(OpenApi, "shop", allMethods: true);
        var steps = ScenarioReader.Parse(imported.Yaml).Scenarios.Single().Entries.SelectMany(e => e.Steps).ToArray();
        steps.Select(s => s.Method).ShouldBe(["GET", "DELETE", "POST"], ignoreOrder: true);
        var body = System.Text.Json.Nodes.JsonNode.Parse(steps.Single(s => s.Method == "POST").Body!.Render(FlowVariables.None))!;
        ((string)body["note"]!).ShouldBe("x");
        body["ids"]!.ToJsonString().ShouldBe("[1,1]");
        ((string)body["kind"]!).ShouldBe("a");
        ((double)body["price"]!).ShouldBe(0.5);
        body["self"].ShouldNotBeNull(); // a schema within itself ends after a few levels
    }

    [Theory]
    [InlineData("")]
    [InlineData("{")]
    [InlineData("a: [")]
    [InlineData("swagger: '2.0'")]
    [InlineData("openapi: 3.0.0\npaths: {}")]
    [InlineData("openapi: 3.0.0\npaths: { /a: { post: {} } }")]
    public void OpenApi_ThatIsNone_IsOneClearError(string text) => Should.Throw<InvalidDataException>(() => ScenarioImporter.FromOpenApi(text, "x"));

    const string Log = """
        127.0.0.1 - - [31/Jan/2025:10:00:00 +0000] "GET /items/17?a=1,2 HTTP/1.1" 200 12 "-" "agent \"x\""
        127.0.0.1 - bob [31/Jan/2025:10:00:00 +0000] "GET /items/18 HTTP/1.1" 200 12
        not a line
        127.0.0.1 - - [31/Jan/2025:10:00:01 +0000] "POST /orders HTTP/1.1" 201 1
        10.0.0.9 - - [31/Jan/2025:10:00:02 +0000] "HEAD /0123456789abcdef0 HTTP/2.0" 404 0
        """;

    [Fact]
    public async Task AccessLog_IsReplayedWithItsTiming()
    {
        var imported = ScenarioImporter.FromAccessLog(Log, "day");
        imported.Notes.Count.ShouldBe(3);
        imported.Files["day.csv"].ShouldBe("at,method,path,name\n0,GET,\"/items/17?a=1,2\",GET /items/{number}\n0.5,GET,/items/18,GET /items/{number}\n2,HEAD,/0123456789abcdef0,HEAD /{id}\n");
        var folder = Directory.CreateTempSubdirectory("fettle-import");
        try
        {
            await File.WriteAllTextAsync(Path.Combine(folder.FullName, "day.csv"), imported.Files["day.csv"]);
            var seen = new ConcurrentQueue<string>();
            await using var server = new ScriptedServer(async r =>
            {
                seen.Enqueue($"{r.Method} {r.Path}");
                await r.WriteAsync("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
                return true;
            });
            var file = ScenarioReader.Parse(imported.Yaml.Replace("speed: 1", "speed: 2"), folder: folder.FullName);
            foreach (var threads in new[] { 1, 2 })
            {
                seen.Clear();
                var run = await new ScenarioRunner().RunAsync(file, new ScenarioRunOptions { Target = server.BaseUrl, CheckFirst = false, Threads = threads });
                run.Overall.Requests.ShouldBe(3);
                run.Overall.Failed.ShouldBe(0);
                seen.ShouldBe(["GET /items/17?a=1,2", "GET /items/18", "HEAD /0123456789abcdef0"], ignoreOrder: true); // two starved loops may be out of step
                run.Overall.Blocks.Select(b => (b.StartSeconds, b.Requests)).ShouldBe([(0.0, 2L), (1.0, 1L)], ignoreOrder: false);
                run.Overall.ByRequest.Select(r => (r.Name, r.Requests)).ShouldBe([("GET /items/{number}", 2L), ("HEAD /{id}", 1L)]);
            }

            var shortened = file.Shortened().Scenarios.Single();
            shortened.Duration.ShouldBe(TimeSpan.FromSeconds(0.5));
            ((ReplayModel)shortened.Model).Seconds.ShouldBe([0, 0.25]);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [Fact]
    public void AccessLog_WithFractionsKeepsThem()
    {
        var imported = ScenarioImporter.FromAccessLog("""
            h - - [2025-01-31T10:00:00.250+00:00] "GET /a HTTP/1.1" 200 1
            h - - [2025-01-31T10:00:00.000+00:00] "GET /b HTTP/1.1" 200 1
            """, "x");
        imported.Files["x.csv"].ShouldBe("at,method,path,name\n0,GET,/b,GET /b\n0.25,GET,/a,GET /a\n");
        imported.Notes.ShouldBeEmpty();
    }

    [Theory]
    [InlineData("")]
    [InlineData("hello\nworld")]
    [InlineData("h - - [31/Jan/2025:10:00:01 +0000] \"POST /orders HTTP/1.1\" 201 1")]
    public void AccessLog_WithNothingToReplay_IsOneClearError(string text) => Should.Throw<InvalidDataException>(() => ScenarioImporter.FromAccessLog(text, "x")).Message.ShouldContain("no line of the log can be replayed");

    [Fact]
    public void BrokenInput_NeverEscapesAsAnotherException()
    {
        var random = new Random(11);
        foreach (var (text, import) in new (string, Func<string, ImportedScenario>)[] { (Har, t => ScenarioImporter.FromHar(t, "x")), (OpenApi, t => ScenarioImporter.FromOpenApi(t, "x", true)), (Log, t => ScenarioImporter.FromAccessLog(t, "x")) })
        {
            for (var i = 0; i < 400; i++)
            {
                var broken = text.ToCharArray();
                for (var k = 0; k < 1 + i % 4; k++)
                {
                    broken[random.Next(broken.Length)] = " {}[]\":,\\$0a\n#&*"[random.Next(16)];
                }

                try
                {
                    var imported = import(new string(broken));
                    if (imported.Files.Count == 0)
                    {
                        ScenarioReader.Parse(imported.Yaml); // whatever was imported can be read
                    }
                }
                catch (InvalidDataException)
                {
                }
                catch (ScenarioException e) when (e.Message.Contains("path is") || e.Message.Contains("is not known") || e.Message.Contains("cannot be set") || e.Message.Contains("target is"))
                {
                }
            }
        }
    }

    /// <summary>Members of another type, too many, too few, nested: what a program that writes such files wrongly would give.</summary>
    [Fact]
    public void ValuesOfAnotherKind_NeverEscapeAsAnotherException()
    {
        string[] values = ["null", "true", "-1", "1e400", "\"\"", "\"${x}\"", "\"\\u0000\"", "[]", "[null]", "{}", "{\"a\":{\"b\":[1]}}", "\"http://[::1\"", "\"2025-13-45T99:00:00Z\""];
        var random = new Random(12);
        foreach (var (text, import) in new (string, Func<string, ImportedScenario>)[] { (Har, t => ScenarioImporter.FromHar(t, "x")), (YamlJson.Parse(OpenApi).ToJsonString(), t => ScenarioImporter.FromOpenApi(t, "x", true)) })
        {
            var read = 0;
            for (var i = 0; i < 600; i++)
            {
                var root = System.Text.Json.Nodes.JsonNode.Parse(text)!;
                for (var k = 0; k < 1 + i % 3; k++)
                {
                    Replace(root, random, values[random.Next(values.Length)]);
                }

                try
                {
                    ScenarioReader.Parse(import(root.ToJsonString()).Yaml);
                    read++;
                }
                catch (InvalidDataException)
                {
                }
                catch (ScenarioException e) when (e.Message.Contains("path is") || e.Message.Contains("is not known") || e.Message.Contains("cannot be set") || e.Message.Contains("target is"))
                {
                }
            }

            read.ShouldBeGreaterThan(60); // most changes leave something that can be imported
        }

        static void Replace(System.Text.Json.Nodes.JsonNode root, Random random, string value)
        {
            var node = root;
            while (true)
            {
                var children = node switch
                {
                    System.Text.Json.Nodes.JsonObject o => [.. o.Select(m => (object)m.Key)],
                    System.Text.Json.Nodes.JsonArray a => [.. Enumerable.Range(0, a.Count).Cast<object>()],
                    _ => Array.Empty<object>(),
                };
                if (children.Length == 0)
                {
                    return;
                }

                var key = children[random.Next(children.Length)];
                var child = key is int index ? node[index] : node[(string)key];
                if (child is null or System.Text.Json.Nodes.JsonValue || random.Next(4) == 0)
                {
                    var replacement = System.Text.Json.Nodes.JsonNode.Parse(value);
                    if (key is int at)
                    {
                        node[at] = replacement;
                    }
                    else
                    {
                        node[(string)key] = replacement;
                    }

                    return;
                }

                node = child;
            }
        }
    }

    [Fact]
    public void ReplayMistakes_AreListed()
    {
        var e = Should.Throw<ScenarioException>(() => ScenarioReader.Parse("scenarios: { a: { replay: { file: none.csv, sped: 1 }, rate: 5 } }"));
        e.Message.ShouldContain("rate does not go with replay");
        e.Message.ShouldContain("did you mean 'speed'?");
        e.Message.ShouldContain("there is no file");
    }
}
