namespace Fettle.Services.Host.Configuration;

/// <summary>What a value may be.</summary>
internal enum SettingKind
{
    Text,
    Number,
    Switch,
    Word,
}

/// <summary>How a service runs; chosen by the setting <c>profile</c>.</summary>
internal enum Profile
{
    Development,
    Production,
    Test,
}

/// <summary>One setting of a service: name, what it may be, its value in each profile, and by which other names it can be given.</summary>
/// <param name="Name">Section and key joined by a colon, as in <c>FETTLE__CACHE__ENTRIES</c> and <c>cache: { entries: … }</c>.</param>
/// <param name="Description">What it does, with unit and range.</param>
/// <param name="Default">The value in every profile that gives no other; null for none.</param>
internal sealed record Setting(string Name, string Description, string? Default = null)
{
    public SettingKind Kind { get; init; }

    /// <summary>The option of <c>fettle serve</c>; null when there is none.</summary>
    public string? Option { get; init; }

    /// <summary>An environment variable besides <c>FETTLE__SECTION__KEY</c>.</summary>
    public string? Alias { get; init; }

    public string? Production { get; init; }

    public string? Test { get; init; }

    public long Least { get; init; }

    public long Most { get; init; } = long.MaxValue;

    public string[] Words { get; init; } = [];

    /// <summary>How a value is shown; null shows it as it is.</summary>
    public Func<string, string>? Redact { get; init; }

    public string Variable => "FETTLE__" + Name.Replace(":", "__", StringComparison.Ordinal).Replace('-', '_').ToUpperInvariant();

    public string? In(Profile profile) => profile switch
    {
        Profile.Production => Production ?? Default,
        Profile.Test => Test ?? Default,
        _ => Default,
    };

    /// <summary>What is wrong with a value: what is allowed; null when nothing is.</summary>
    public string? Refuse(string value) => Kind switch
    {
        SettingKind.Number when !long.TryParse(value, System.Globalization.NumberStyles.AllowLeadingSign, System.Globalization.CultureInfo.InvariantCulture, out var number) || number < Least || number > Most =>
            string.Create(System.Globalization.CultureInfo.InvariantCulture, $"a whole number from {Least} to {Most}"),
        SettingKind.Switch when value is not ("true" or "false") => "true or false",
        SettingKind.Word when !Words.Contains(value) => string.Join(" or ", Words),
        SettingKind.Text when value.Length < Math.Max(1, Least) => Least > 1 ? $"at least {Least} characters" : "a text that is not empty",
        _ => null,
    };
}

/// <summary>A setting's value and where it came from.</summary>
internal sealed record EffectiveSetting(Setting Setting, string? Value, string Source)
{
    public string Shown => Value is null ? "(none)" : Setting.Redact is { } redact ? redact(Value) : Value;
}
