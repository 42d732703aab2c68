using Fettle.AspNetCore;
using Fettle.Testing;

namespace Fettle.EndToEnd.Tests;

/// <summary>Skips without Chromium, and when the service was built without its page (npm was missing).</summary>
public sealed class RequiresBrowserFactAttribute() : RequiresFactAttribute(Missing)
{
    static string? Missing => Chromium is null ? "Chromium (apt install chromium)"
        : !new DashboardFiles().Built ? "the dashboard in this build (npm, then eng/dashboard.sh and a build)"
        : null;

    public static string? Chromium => Tools.Find("chromium") ?? Tools.Find("chromium-browser") ?? Tools.Find("google-chrome");
}
