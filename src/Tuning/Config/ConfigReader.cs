using Fettle.Databases;
using Fettle.LoadTesting.Scenarios;
using Fettle.Tuning.Targets;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace Fettle.Tuning.Config;

/// <summary>
/// Reads <c>fettle.yaml</c> (<c>fettle.config/1</c>). The whole file is checked in one pass, the scenario it names included; every mistake is
/// reported with its line and, for a mistyped word, the nearest known one.
/// </summary>
internal static class ConfigReader
{
    public const string Schema = "fettle.config/1";

    public static readonly string[] Keys = ["schema", "name", "url", "token", "start", "database", "scenario", "requests", "feeds", "variables", "headers", "auth", "answers", "trust", "budget", "risk", "control", "allow-writes", "allow-hosts", "thresholds"];

    public static readonly string[] StartKeys = ["command", "environment", "folder", "ready", "timeout", "settings"];

    public static readonly string[] SettingKeys = ["name", "environment", "why", "risk"];

    public static readonly string[] DatabaseKeys = ["address", "statements"];

    public static readonly string[] AnswerKeys = ["samples", "encodings", "traffic", "reads", "ignore"];

    public static readonly string[] Trusts = ["observe", "advise", "apply", "auto"];

    static readonly string[] Risks = ["low", "medium", "high"];

    /// <exception cref="TuningException">The file is missing or has mistakes; the message lists all.</exception>
    public static TuningConfig Load(string path)
    {
        try
        {
            return Parse(File.ReadAllText(path), path, Path.GetDirectoryName(Path.GetFullPath(path))!);
        }
        catch (IOException e)
        {
            throw new TuningException($"{path} cannot be read: {e.Message}", e);
        }
    }

    /// <param name="yaml">The text.</param>
    /// <param name="source">Its name in messages.</param>
    /// <param name="folder">Where relative paths begin.</param>
    /// <exception cref="TuningException">The text has mistakes; the message lists all.</exception>
    public static TuningConfig Parse(string yaml, string source, string folder)
    {
        var reader = new NodeReader(new ScenarioFiles(folder));
        YamlNode root;
        try
        {
            var stream = new YamlStream();
            stream.Load(new StringReader(yaml));
            root = stream.Documents.Count == 0 ? new YamlMappingNode() : stream.Documents[0].RootNode;
        }
        catch (YamlException e)
        {
            throw Wrong(source, [$"line {e.Start.Line}: not YAML: {e.InnerException?.Message ?? e.Message}"]);
        }
        catch (Exception e) when (e is InvalidOperationException or ArgumentException or FormatException)
        {
            // YamlDotNet's scanner throws these on some broken texts instead of its own exception.
            throw Wrong(source, [$"line 1: not YAML: {e.Message}"]);
        }

        var config = Read(root, reader, folder);
        return reader.Mistakes.Count == 0 ? config! : throw Wrong(source, reader.Mistakes);
    }

    static TuningException Wrong(string source, IReadOnlyList<string> mistakes) =>
        new($"{source}: {mistakes.Count} mistake{(mistakes.Count == 1 ? "" : "s")}\n{string.Join('\n', mistakes.Select(m => "  " + m))}");

    static TuningConfig? Read(YamlNode root, NodeReader reader, string folder)
    {
        var top = reader.Mapping(root, "the file", Keys);
        YamlNode? At(string key) => top.GetValueOrDefault(key);
        if (At("schema") is { } schema)
        {
            reader.OneOf(schema, "schema", Schema);
        }
        else
        {
            reader.Mistake(root, $"schema is missing; write schema: {Schema}");
        }

        var (start, settings) = Start(At("start"), reader, folder);
        var database = reader.Mapping(At("database"), "database", DatabaseKeys);
        var address = Address(database.GetValueOrDefault("address"), reader, folder);
        if (At("database") is { } node && !database.ContainsKey("address"))
        {
            reader.Mistake(node, "database has no address; write address: sqlite:FILE or postgres:CONNECTION");
        }

        var url = Url(At("url"), reader);
        if (start is null && url is null && At("start") is null && At("url") is null)
        {
            reader.Mistake(root, "neither url nor start is given; url names a service that runs, start says how Fettle starts instances on copies");
        }

        var token = reader.Text(At("token"), "token") is { } text ? Secrets(text, At("token")!, reader) : null;
        var scenario = ConfigScenario.Read(root, top, reader, folder);
        return new TuningConfig
        {
            Name = Name(At("name"), reader),
            Folder = folder,
            Url = url,
            Token = token,
            Start = start,
            Settings = settings,
            Database = address,
            Statements = ExistingFile(database.GetValueOrDefault("statements"), "database.statements", reader, folder),
            Scenario = scenario,
            Answers = Answers(At("answers"), reader, folder),
            Trust = Enum.Parse<Trust>(reader.OneOf(At("trust"), "trust", Trusts) is { } trust && Trusts.Contains(trust) ? trust : "observe", ignoreCase: true),
            Budget = Budget(At("budget"), reader),
            Risk = reader.OneOf(At("risk"), "risk", "low", "medium"),
            Control = Control(At("control"), reader),
            AllowWrites = reader.Flag(At("allow-writes"), "allow-writes") ?? false,
            AllowedHosts = [.. reader.List(At("allow-hosts"), "allow-hosts").Select(n => reader.Text(n, "allow-hosts") ?? "")],
            Thresholds = [.. reader.List(At("thresholds"), "thresholds").Select(n => Threshold(n, reader)).OfType<VerifyThreshold>()],
        };
    }

    static string Name(YamlNode? node, NodeReader reader)
    {
        var name = reader.Text(node, "name") ?? "service";
        if (name.Length is 0 or > 40 || name.Any(c => !char.IsAsciiLetterOrDigit(c) && c is not ('-' or '_')))
        {
            reader.Mistake(node!, $"name is '{name}'; 1 to 40 letters, digits, '-' and '_' are expected: it is part of folder names");
        }

        return name;
    }

    static Uri? Url(YamlNode? node, NodeReader reader)
    {
        var text = reader.Text(node, "url");
        if (text is null || (Uri.TryCreate(text, UriKind.Absolute, out var url) && url.Scheme is "http" or "https"))
        {
            return text is null ? null : new Uri(text);
        }

        reader.Mistake(node!, $"url is '{text}'; a URL beginning with http:// or https:// is expected");
        return null;
    }

    static (Launch? Launch, IReadOnlyList<LaunchSetting> Settings) Start(YamlNode? node, NodeReader reader, string folder)
    {
        if (node is null)
        {
            return (null, []);
        }

        var entries = reader.Mapping(node, "start", StartKeys);
        var command = reader.List(entries.GetValueOrDefault("command"), "start.command").Select(n => reader.Text(n, "start.command") ?? "").ToArray();
        if (command.Length == 0)
        {
            reader.Mistake(node, "start has no command; write it as a list: command: [program, argument, --port, \"{port}\"]");
        }
        else if (!command.Concat(Values(entries.GetValueOrDefault("environment"), "start.environment", reader).Values).Any(a => a.Contains("{port}", StringComparison.Ordinal) || a.Contains("{url}", StringComparison.Ordinal)))
        {
            reader.Mistake(entries["command"], "start.command has neither {port} nor {url}: two instances run side by side, each on a port of its own");
        }

        var timeout = reader.Time(entries.GetValueOrDefault("timeout"), "start.timeout") ?? TimeSpan.FromSeconds(60);
        var ready = reader.Text(entries.GetValueOrDefault("ready"), "start.ready") ?? "/readyz";
        if (!ready.StartsWith('/'))
        {
            reader.Mistake(entries["ready"], $"start.ready is '{ready}'; a path beginning with '/' is expected");
        }

        return (new Launch
        {
            Program = command.FirstOrDefault() ?? "",
            Arguments = [.. command.Skip(1)],
            Environment = Values(entries.GetValueOrDefault("environment"), "start.environment", reader),
            ReadyPath = ready,
            ReadyTimeout = timeout,
            Folder = Path.GetFullPath(Path.Combine(folder, reader.Text(entries.GetValueOrDefault("folder"), "start.folder") ?? ".")),
        }, [.. reader.List(entries.GetValueOrDefault("settings"), "start.settings").Select(n => Setting(n, reader))]);
    }

    static LaunchSetting Setting(YamlNode node, NodeReader reader)
    {
        var entries = reader.Mapping(node, "start.settings", SettingKeys);
        var name = reader.Text(entries.GetValueOrDefault("name"), "start.settings.name") ?? "";
        if (name.Length == 0 || name.Any(c => !char.IsAsciiLetterLower(c) && !char.IsAsciiDigit(c) && c != '-'))
        {
            reader.Mistake(node, $"a launch setting's name is '{name}'; lower-case words joined by hyphens are expected");
        }

        var environment = Values(entries.GetValueOrDefault("environment"), "start.settings.environment", reader);
        if (environment.Count == 0)
        {
            reader.Mistake(node, $"launch setting {name} sets nothing; add environment: {{ NAME: value }}");
        }

        return new LaunchSetting
        {
            Name = name,
            Environment = environment,
            Why = reader.Text(entries.GetValueOrDefault("why"), "start.settings.why") ?? "",
            Risk = reader.OneOf(entries.GetValueOrDefault("risk"), "start.settings.risk", Risks) ?? "medium",
        };
    }

    static AnswerSettings Answers(YamlNode? node, NodeReader reader, string folder)
    {
        var entries = reader.Mapping(node, "answers", AnswerKeys);
        string[] Texts(string key) => [.. reader.List(entries.GetValueOrDefault(key), $"answers.{key}").Select(n => reader.Text(n, $"answers.{key}") ?? "")];
        var defaults = new AnswerSettings();
        return new AnswerSettings
        {
            Samples = reader.Whole(entries.GetValueOrDefault("samples"), "answers.samples", 1, 1000) ?? defaults.Samples,
            Encodings = entries.ContainsKey("encodings") ? Texts("encodings") : defaults.Encodings,
            Traffic = ExistingFile(entries.GetValueOrDefault("traffic"), "answers.traffic", reader, folder),
            Reads = Texts("reads"),
            Ignore = Texts("ignore"),
        };
    }

    static Dictionary<string, string> Values(YamlNode? node, string what, NodeReader reader) =>
        reader.Mapping(node, what).ToDictionary(e => e.Key, e => reader.Text(e.Value, $"{what}.{e.Key}") is { } text ? Secrets(text, e.Value, reader) : "");

    /// <summary><c>${env.NAME}</c> becomes the variable's value, so that a file in version control holds no secret.</summary>
    static string Secrets(string text, YamlNode node, NodeReader reader)
    {
        while (text.IndexOf("${env.", StringComparison.Ordinal) is >= 0 and var open && text.IndexOf('}', open) is > 0 and var close)
        {
            var name = text[(open + 6)..close];
            if (Environment.GetEnvironmentVariable(name) is not { } value)
            {
                reader.Mistake(node, $"${{env.{name}}}: the environment variable {name} is not set");
                return text;
            }

            text = text[..open] + value + text[(close + 1)..];
        }

        return text;
    }

    static DatabaseAddress? Address(YamlNode? node, NodeReader reader, string folder)
    {
        if (reader.Text(node, "database.address") is not { } text)
        {
            return null;
        }

        text = Secrets(text, node!, reader);
        try
        {
            var address = text.StartsWith("sqlite:", StringComparison.OrdinalIgnoreCase) && text.Length > 7 && text[7] != ':'
                ? DatabaseAddress.Parse("sqlite:" + Path.Combine(folder, text[7..]))
                : DatabaseAddress.Parse(text);
            if (address.Engine == DatabaseEngine.Sqlite && !File.Exists(address.Value))
            {
                reader.Mistake(node!, $"database.address: the file '{address.Value}' does not exist");
            }

            return address;
        }
        catch (FormatException e)
        {
            reader.Mistake(node!, $"database.address: {e.Message}");
            return null;
        }
    }

    static string? ExistingFile(YamlNode? node, string what, NodeReader reader, string folder)
    {
        if (reader.Text(node, what) is not { } text)
        {
            return null;
        }

        var path = Path.Combine(folder, text);
        if (!File.Exists(path))
        {
            reader.Mistake(node!, $"{what}: there is no file '{path}'");
        }

        return path;
    }

    static TimeSpan? Budget(YamlNode? node, NodeReader reader)
    {
        var budget = reader.Time(node, "budget");
        if (budget is { } b && (b < TimeSpan.FromSeconds(10) || b > TimeSpan.FromHours(24)))
        {
            reader.Mistake(node!, $"budget is '{node}'; between 10s and 24h is expected");
        }

        return budget;
    }

    static string? Control(YamlNode? node, NodeReader reader)
    {
        var path = reader.Text(node, "control");
        if (path is not null && !path.StartsWith('/'))
        {
            reader.Mistake(node!, $"control is '{path}'; a path beginning with '/' is expected");
        }

        return path;
    }

    static VerifyThreshold? Threshold(YamlNode node, NodeReader reader)
    {
        try
        {
            return reader.Text(node, "thresholds") is { } text ? VerifyThreshold.Parse(text) : null;
        }
        catch (FormatException e)
        {
            reader.Mistake(node, e.Message);
            return null;
        }
    }
}
