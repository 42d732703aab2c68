using System.CommandLine;
using System.Text.Json;
using System.Text.Json.Nodes;
using Fettle.Shared.Verbs;

namespace Fettle.Services.Host.Configuration;

/// <summary><c>fettle config show stocks</c>: the effective value of every setting and where it came from.</summary>
internal static class ConfigCommand
{
    static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    public static Command Create()
    {
        var command = new Command("config", "Show how a service would run.");
        command.Subcommands.Add(Show());
        return command;
    }

    static Command Show()
    {
        var service = new Argument<string>("service") { Description = "The reference service: stocks.", DefaultValueFactory = _ => "stocks" };
        var json = new Option<FileInfo?>("--json") { Description = "Write the settings as JSON." };
        var all = new Option<bool>("--profiles") { Description = "Show the values of the three profiles beside each other." };
        var command = new Command("show", "The effective value of every setting and where it came from; secrets are not shown.") { service, json, all };
        var options = new SettingOptions();
        options.AddTo(command);
        command.SetAction(parse =>
        {
            if (parse.GetValue(service) is not "stocks" and var other)
            {
                throw new UserErrorException($"there is no reference service '{other}'; known: stocks", ExitCode.Usage);
            }

            var settings = options.Read(parse);
            if (parse.GetValue(json) is { } file)
            {
                File.WriteAllText(file.FullName, Document(settings).ToJsonString(Indented) + "\n");
            }

            Console.Out.Write(parse.GetValue(all) ? Profiles() : Effective(settings));
            return ExitCode.Ok;
        });
        return command;
    }

    static JsonObject Document(EffectiveSettings settings) => new()
    {
        ["schema"] = "fettle.config/1",
        ["service"] = "stocks",
        ["settings"] = new JsonArray([.. settings.All.Select(s => (JsonNode)new JsonObject
        {
            ["name"] = s.Setting.Name,
            ["value"] = s.Value is null ? null : s.Shown,
            ["source"] = s.Source,
            ["description"] = s.Setting.Description,
        }), .. RuntimeFact.Read().Select(f => (JsonNode)new JsonObject { ["name"] = f.Name, ["value"] = f.Value, ["source"] = f.Source, ["description"] = f.Description })]),
    };

    static string Effective(EffectiveSettings settings) => Table(["setting", "value", "from"], [.. settings.All.Select(s => new[] { s.Setting.Name, s.Shown, s.Source }), .. RuntimeFact.Read().Select(f => new[] { f.Name, f.Value, f.Source })]);

    static string Profiles() => Table(
        ["setting", "development", "production", "test"],
        [.. StocksSettings.All.Where(s => s.Name != StocksSettings.ProfileName).Select(s => new[] { s.Name, Value(s, Profile.Development), Value(s, Profile.Production), Value(s, Profile.Test) })]);

    static string Value(Setting setting, Profile profile) => setting.In(profile) ?? "-";

    static string Table(string[] head, string[][] rows)
    {
        var widths = head.Select((h, i) => Math.Max(h.Length, rows.Max(r => r[i].Length))).ToArray();
        return string.Concat(rows.Prepend(head).Select(row => string.Join("  ", row.Select((cell, i) => cell.PadRight(widths[i]))).TrimEnd() + "\n"));
    }
}
