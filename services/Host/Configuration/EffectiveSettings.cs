using System.Collections;
using System.Globalization;
using Fettle.Shared.Verbs;

namespace Fettle.Services.Host.Configuration;

/// <summary>
/// The settings of a run: the profile's defaults, over them the section <c>service</c> of <c>fettle.yaml</c>, the environment, and the command
/// line. All mistakes are reported at once.
/// </summary>
internal sealed class EffectiveSettings
{
    const string Prefix = "FETTLE__";
    readonly Dictionary<string, EffectiveSetting> _values;

    EffectiveSettings(Dictionary<string, EffectiveSetting> values) => _values = values;

    /// <summary>In the order of the catalogue.</summary>
    public IEnumerable<EffectiveSetting> All => StocksSettings.All.Select(s => _values[s.Name]);

    public string? Find(string name) => _values[name].Value;

    public string Text(string name) => _values[name].Value!;

    public int Number(string name) => int.Parse(Text(name), CultureInfo.InvariantCulture);

    public bool Is(string name, string word = "true") => Find(name) == word;

    /// <param name="given">Option to value, of the options that were given.</param>
    /// <param name="file">The file; null reads <c>fettle.yaml</c> of the working folder where it exists.</param>
    /// <param name="environment">The process's variables.</param>
    /// <exception cref="UserErrorException">One or more mistakes.</exception>
    public static EffectiveSettings Read(IReadOnlyDictionary<string, string> given, string? file, IDictionary environment)
    {
        var mistakes = new List<string>();
        var set = new Dictionary<string, (string Value, string Source)>(StringComparer.Ordinal);
        var path = file ?? (File.Exists(SettingFile.DefaultName) ? SettingFile.DefaultName : null);
        foreach (var (name, value, line) in path is null ? [] : SettingFile.Read(path, mistakes))
        {
            var source = string.Create(CultureInfo.InvariantCulture, $"{path}:{line}");
            if (StocksSettings.All.Any(s => s.Name == name))
            {
                Take(name, value, source);
            }
            else
            {
                mistakes.Add($"{source}: unknown setting '{name}'{Near(name, StocksSettings.All.Select(s => s.Name))}");
            }
        }

        foreach (var setting in StocksSettings.All.Where(s => s.Alias is not null && environment[s.Alias] is string { Length: > 0 }))
        {
            Take(setting.Name, (string)environment[setting.Alias!]!, setting.Alias!);
        }

        foreach (DictionaryEntry variable in environment)
        {
            var key = ((string)variable.Key).ToUpperInvariant();
            if (!key.StartsWith(Prefix, StringComparison.Ordinal))
            {
                continue;
            }

            // MAXCONNECTIONS and MAX_CONNECTIONS are both written.
            if (StocksSettings.All.FirstOrDefault(s => Letters(s.Variable) == Letters(key)) is { } setting)
            {
                Take(setting.Name, (string?)variable.Value ?? "", key);
            }
            else
            {
                mistakes.Add($"unknown variable {key}{Near(key, StocksSettings.All.Select(s => s.Variable))}");
            }
        }

        foreach (var (option, value) in given)
        {
            Take(StocksSettings.All.Single(s => s.Option == option).Name, value, option);
        }

        var profile = set.TryGetValue(StocksSettings.ProfileName, out var chosen) && Enum.TryParse<Profile>(chosen.Value, ignoreCase: true, out var parsed) ? parsed : Profile.Development;
        return mistakes.Count == 0
            ? new EffectiveSettings(StocksSettings.All.ToDictionary(s => s.Name, s => set.TryGetValue(s.Name, out var found)
                ? new EffectiveSetting(s, found.Value, found.Source)
                : new EffectiveSetting(s, s.In(profile), s.In(profile) is null ? "not set" : $"profile {profile.ToString().ToLowerInvariant()}")))
            : throw new UserErrorException(string.Join("\nfettle: ", mistakes), ExitCode.Usage);

        void Take(string name, string value, string source)
        {
            var setting = StocksSettings.All.First(s => s.Name == name);
            if (setting.Refuse(value) is { } allowed)
            {
                mistakes.Add($"{source}: {name} is '{(setting.Redact is null ? value : "***")}'; allowed: {allowed}");
            }

            set[name] = (value, source);
        }
    }

    static string Letters(string variable) => variable.Replace("__", ":", StringComparison.Ordinal).Replace("_", "", StringComparison.Ordinal);

    static string Near(string word, IEnumerable<string> known) => CommandRunner.Nearest(word, known) is { } near ? $"; did you mean '{near}'?" : "";
}
