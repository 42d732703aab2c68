using System.Globalization;
using System.Text;
using System.Xml;
using Fettle.Shared.Results;

namespace Fettle.LoadTesting.Reports;

/// <summary>The verdicts as JUnit XML, which build servers show as tests.</summary>
static class JUnitReport
{
    public static string Render(ResultDocument document)
    {
        var text = new StringBuilder();
        using (var xml = XmlWriter.Create(text, new XmlWriterSettings { Indent = true, OmitXmlDeclaration = true, NewLineChars = "\n" }))
        {
            var overall = document.Data["overall"]!;
            var seconds = document.DurationSeconds.ToString("0.###", CultureInfo.InvariantCulture);
            xml.WriteStartElement("testsuite");
            xml.WriteAttributeString("name", Clean(document.Name));
            xml.WriteAttributeString("tests", (document.Verdicts.Count + 1).ToString(CultureInfo.InvariantCulture));
            xml.WriteAttributeString("failures", document.Verdicts.Count(v => v.Verdict != "passed").ToString(CultureInfo.InvariantCulture));
            xml.WriteAttributeString("timestamp", document.StartedAt.ToString("yyyy-MM-ddTHH:mm:ss", CultureInfo.InvariantCulture));
            xml.WriteAttributeString("time", seconds);
            Case(xml, document, $"run of {(long)overall["requests"]!} requests", null);
            foreach (var verdict in document.Verdicts)
            {
                Case(xml, document, verdict.Subject, verdict.Verdict == "passed" ? null : $"{verdict.Verdict}: {verdict.Reason}");
            }

            xml.WriteEndElement();
        }

        return text.Append('\n').ToString();
    }

    static void Case(XmlWriter xml, ResultDocument document, string name, string? failure)
    {
        xml.WriteStartElement("testcase");
        xml.WriteAttributeString("classname", "load." + Clean(document.Name));
        xml.WriteAttributeString("name", Clean(name));
        if (failure is not null)
        {
            xml.WriteStartElement("failure");
            xml.WriteAttributeString("message", Clean(failure));
            xml.WriteEndElement();
        }

        xml.WriteEndElement();
    }

    static string Clean(string text) => string.Concat(text.Where(XmlConvert.IsXmlChar));
}
