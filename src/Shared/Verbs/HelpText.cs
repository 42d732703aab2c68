using System.Text;

namespace Fettle.Shared.Verbs;

/// <summary>The page that <c>fettle</c> without arguments shows.</summary>
internal static class HelpText
{
    public static string All()
    {
        var text = new StringBuilder();
        text.AppendLine("fettle makes data and ML web services fast and proves it:");
        text.AppendLine("measure, advise, apply, verify, keep or roll back.");
        text.AppendLine();
        text.AppendLine("usage: fettle VERB [ARGUMENTS] [OPTIONS]");
        text.AppendLine();
        foreach (var verb in VerbCatalog.All)
        {
            text.AppendLine($"  {verb.Name,-10} {verb.Summary}");
        }

        text.AppendLine();
        text.AppendLine("  fettle VERB --help   explains a verb");
        text.AppendLine("  fettle --version     prints the version");
        text.AppendLine();
        text.AppendLine("first step:  fettle tune stocks --quick");
        return text.ToString();
    }
}
