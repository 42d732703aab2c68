using System.CommandLine;

namespace Fettle.Services.Host.Configuration;

/// <summary>The options of a command that takes settings: one for each setting that has an option, and the file.</summary>
internal sealed class SettingOptions
{
    readonly Option<string?> _file = new("--config") { Description = $"The file of settings; default {SettingFile.DefaultName} of the working folder, when it is there." };
    readonly List<(string Name, Option Option)> _options = [];

    public void AddTo(Command command)
    {
        foreach (var setting in StocksSettings.All.Where(s => s.Option is not null))
        {
            var description = setting.Description + (setting.Default is null ? "." : $"; default {setting.Default}{(setting.Production is null ? "" : $", in production {setting.Production}")}.");
            Option option = setting.Kind == SettingKind.Switch ? new Option<bool>(setting.Option!) { Description = description } : new Option<string?>(setting.Option!) { Description = description };
            _options.Add((setting.Option!, option));
            command.Options.Add(option);
        }

        command.Options.Add(_file);
    }

    public EffectiveSettings Read(ParseResult parse)
    {
        var given = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var (name, option) in _options.Where(o => parse.GetResult(o.Option) is { Implicit: false }))
        {
            given[name] = option is Option<bool> flag ? (parse.GetValue(flag) ? "true" : "false") : parse.GetValue((Option<string?>)option) ?? "";
        }

        return EffectiveSettings.Read(given, parse.GetValue(_file), Environment.GetEnvironmentVariables());
    }
}
