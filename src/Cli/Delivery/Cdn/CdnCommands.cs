using System.CommandLine;
using System.Net;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Fettle.Cli.Caches;
using Fettle.Shared.Verbs;

namespace Fettle.Cli.Delivery.Cdn;

/// <summary><c>fettle delivery cdn|publish|purge</c> (docs/delivery.md).</summary>
internal static partial class CdnCommands
{
    const string Immutable = "public, max-age=31536000, immutable";
    const string Revalidate = "no-cache";
    const string OneHour = "public, max-age=3600";

    static readonly string[] OwnEncodings = [".br", ".gz"];

    static readonly Dictionary<string, string> Types = new(StringComparer.OrdinalIgnoreCase)
    {
        [".html"] = "text/html; charset=utf-8", [".css"] = "text/css; charset=utf-8", [".js"] = "text/javascript; charset=utf-8", [".mjs"] = "text/javascript; charset=utf-8",
        [".json"] = "application/json", [".svg"] = "image/svg+xml", [".png"] = "image/png", [".jpg"] = "image/jpeg", [".webp"] = "image/webp", [".avif"] = "image/avif",
        [".ico"] = "image/x-icon", [".woff2"] = "font/woff2", [".txt"] = "text/plain; charset=utf-8", [".xml"] = "application/xml", [".wasm"] = "application/wasm", [".map"] = "application/json",
    };

    static Option<string> Vendor() => new("--vendor") { Description = string.Join(", ", CdnVendor.All.Select(v => v.Name)), Required = true };

    static Option<bool> Yes() => new("--yes") { Description = "Run the commands without asking" };

    public static Command Cdn()
    {
        var vendor = Vendor();
        var url = new Option<string>("--url") { Description = "The service's admin address", DefaultValueFactory = _ => "http://127.0.0.1:5000" };
        var token = new Option<string?>("--token") { Description = "Admin token; default FETTLE_ADMIN_TOKEN" };
        var file = new Option<FileInfo?>("--policies") { Description = "A saved fettle.delivery/1 document instead of --url" };
        var origin = new Option<string>("--origin") { Description = "Where the edge asks: a host name, or an address", Required = true };
        var listen = new Option<string?>("--listen") { Description = "nginx only: answer plain HTTP on this loopback address and port, for a trial" };
        var output = new Option<FileInfo?>("--out") { Description = "Write the configuration to this file; default standard output" };
        var command = new Command("cdn", "Write an edge's configuration from the cache policies of a running service") { vendor, url, token, file, origin, listen, output };
        command.SetAction(async (parse, cancellation) =>
        {
            var chosen = CdnVendor.Named(parse.GetValue(vendor)!);
            var policies = EdgePolicies.Parse(await ReadAsync(parse.GetValue(file), parse.GetValue(url)!, parse.GetValue(token), cancellation));
            var mistakes = policies.Policies.SelectMany(p => chosen.TagMistakes(p.Tags).Concat(chosen.PolicyMistakes(policies.Service, p)).Select(m => $"{p.Name}: {m}")).ToArray();
            if (mistakes.Length > 0)
            {
                throw new UserErrorException(string.Join("; ", mistakes));
            }

            var text = chosen.Configuration(policies, Origin(chosen, parse.GetValue(origin)!, parse.GetValue(listen)));
            if (parse.GetValue(output) is { } target)
            {
                await File.WriteAllTextAsync(target.FullName, text, cancellation);
                Console.Error.WriteLine($"{policies.Behaviours.Count} cached paths of {policies.Service} for {chosen.Name}: {target.Name}");
            }
            else
            {
                Console.Out.Write(text);
            }

            return ExitCode.Ok;
        });
        return command;
    }

    public static Command Purge()
    {
        var vendor = Vendor();
        var targets = CdnVendor.All.Select(v => new Option<string?>(v.Target.Option) { Description = $"{v.Name}: {v.Target.Meaning}" }).ToArray();
        var tags = new Option<string[]>("--tags") { Description = "Tags to forget", AllowMultipleArgumentsPerToken = true };
        var paths = new Option<string[]>("--paths") { Description = "Paths to forget", AllowMultipleArgumentsPerToken = true };
        var yes = Yes();
        var command = new Command("purge", "Print, and with a yes run, what makes an edge forget answers") { vendor, tags, paths, yes };
        foreach (var target in targets)
        {
            command.Options.Add(target);
        }

        command.SetAction((parse, cancellation) =>
        {
            var chosen = CdnVendor.Named(parse.GetValue(vendor)!);
            var given = Required(parse.GetValue(targets.Single(t => t.Name == chosen.Target.Option)), chosen);
            var wantedTags = Split(parse.GetValue(tags));
            var wantedPaths = Split(parse.GetValue(paths));
            if (wantedTags.Length + wantedPaths.Length == 0)
            {
                throw new UserErrorException("neither --tags nor --paths is given; name what is to be forgotten", ExitCode.Usage);
            }

            // A purge names one tag at a time: only their form counts here, not how many an answer carries.
            var mistakes = wantedTags.SelectMany(t => chosen.TagMistakes([t])).Concat(wantedPaths.Where(p => !p.StartsWith('/')).Select(p => $"the path '{p}' does not begin with /")).ToArray();
            return mistakes.Length == 0
                ? VendorCommand.OfferAsync(chosen.Purge(given, wantedTags, wantedPaths), parse.GetValue(yes), cancellation)
                : throw new UserErrorException(string.Join("; ", mistakes), ExitCode.Usage);
        });
        return command;
    }

    public static Command Publish()
    {
        var folder = new Argument<DirectoryInfo>("folder") { Description = "The built page" };
        var vendor = Vendor();
        var bucket = new Option<string>("--bucket") { Description = "The vendor's bucket", Required = true };
        var targets = CdnVendor.All.Select(v => new Option<string?>(v.Target.Option) { Description = $"{v.Name}: {v.Target.Meaning}; pages are purged after the upload" }).ToArray();
        var yes = Yes();
        var command = new Command("publish", "Print, and with a yes run, the upload of a built page and the purge of what changed its content") { folder, vendor, bucket, yes };
        foreach (var target in targets)
        {
            command.Options.Add(target);
        }

        command.SetAction((parse, cancellation) =>
        {
            var chosen = CdnVendor.Named(parse.GetValue(vendor)!);
            var root = parse.GetValue(folder)!;
            if (!root.Exists)
            {
                throw new UserErrorException($"the folder {root.FullName} does not exist", ExitCode.Usage);
            }

            var files = Files(root);
            var given = Required(parse.GetValue(targets.Single(t => t.Name == chosen.Target.Option)), chosen);
            var uploads = files.Select(f => chosen.Upload(parse.GetValue(bucket)!, f)
                ?? throw new UserErrorException($"{chosen.Name} has no store; copy the folder to its server", ExitCode.Usage)).ToArray();
            var changed = files.Where(f => f.CacheControl != Immutable)
                .SelectMany(f => f.Key is "index.html" ? (string[])["/", "/index.html"] : ["/" + f.Key]).ToArray();
            return VendorCommand.OfferAsync([.. uploads, .. changed.Length == 0 ? [] : chosen.Purge(given, [], changed)], parse.GetValue(yes), cancellation);
        });
        return command;
    }

    /// <summary>What pages refer to before the pages, so that no visitor meets a page whose parts are not there yet.</summary>
    internal static IReadOnlyList<PublishedFile> Files(DirectoryInfo root) =>
        [.. root.EnumerateFiles("*", SearchOption.AllDirectories)
            .Where(f => !OwnEncodings.Contains(f.Extension) && !f.Name.StartsWith('.'))
            .Select(f => (File: f, Key: Path.GetRelativePath(root.FullName, f.FullName).Replace('\\', '/'), Page: f.Extension is ".html"))
            .OrderBy(f => f.Page).ThenBy(f => f.Key, StringComparer.Ordinal)
            .Select(f => new PublishedFile(
                f.File.FullName, f.Key, Types.GetValueOrDefault(f.File.Extension, "application/octet-stream"),
                HashedName().IsMatch(f.File.Name) ? Immutable : f.Page || f.File.Name is "sw.js" ? Revalidate : OneHour))];

    static async Task<JsonObject> ReadAsync(FileInfo? file, string url, string? token, CancellationToken cancellation)
    {
        if (file is null)
        {
            using var service = CacheService.Open(url, token);
            return await service.SendAsync(HttpMethod.Get, "/fettle/delivery", cancellation);
        }

        try
        {
            return JsonNode.Parse(await File.ReadAllTextAsync(file.FullName, cancellation)) as JsonObject ?? throw new UserErrorException($"{file.Name} is not a JSON object");
        }
        catch (Exception e) when (e is IOException or JsonException)
        {
            throw new UserErrorException($"{file.Name} cannot be read: {e.Message}");
        }
    }

    static EdgeOrigin Origin(CdnVendor vendor, string text, string? listen)
    {
        var origin = EdgeOrigin.Parse(text, listen);
        if (listen is not null && (vendor is not NginxEdge || !IPEndPoint.TryParse(listen, out var address) || !IPAddress.IsLoopback(address.Address) || address.Port == 0))
        {
            throw new UserErrorException($"--listen is '{listen}'; allowed: a loopback address and port, for nginx only", ExitCode.Usage);
        }

        return origin.Secure || vendor is NginxEdge ? origin
            : throw new UserErrorException($"--origin is '{text}'; {vendor.Name} reaches the origin over https only", ExitCode.Usage);
    }

    static string Required(string? given, CdnVendor vendor) =>
        string.IsNullOrEmpty(given) ? throw new UserErrorException($"{vendor.Target.Option} is missing: {vendor.Target.Meaning}", ExitCode.Usage) : given;

    static string[] Split(string[]? values) => [.. (values ?? []).SelectMany(v => v.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)).Distinct(StringComparer.Ordinal)];

    /// <summary>Bundlers put eight and more characters of a digest before the extension.</summary>
    [GeneratedRegex(@"[-.](?=[A-Za-z0-9_-]*[0-9])[A-Za-z0-9_-]{8,}\.[a-z0-9]+$")]
    private static partial Regex HashedName();
}
