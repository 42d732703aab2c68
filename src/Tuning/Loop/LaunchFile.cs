using System.Text;
using Fettle.Tuning.Journal;
using Fettle.Tuning.Targets;

namespace Fettle.Tuning.Loop;

/// <summary>The kept launch settings as lines <c>NAME=value</c>, which <c>env $(cat FILE)</c>, systemd's EnvironmentFile and a container's env-file read.</summary>
internal static class LaunchFile
{
    public static void Write(TuningJournal journal, string path, IEnumerable<LaunchSetting> settings)
    {
        var text = new StringBuilder();
        foreach (var (name, value) in settings.SelectMany(s => s.Environment).GroupBy(e => e.Key).Select(g => g.Last()))
        {
            text.Append(name).Append('=').Append(value).Append('\n');
        }

        SwitchesFile.Write(journal, "launch-file", path, text.ToString());
    }
}
