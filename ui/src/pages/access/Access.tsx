import { useQuery } from "@tanstack/react-query";
import { Download, Lock } from "lucide-react";
import { matrixQuery, type RulesOut, rulesQuery } from "@/api/queries/access";
import { meQuery } from "@/api/queries/me";
import { Answer, Lines } from "@/components/Answer";
import { Button } from "@/components/Button";
import { Empty } from "@/components/Empty";
import { Page } from "@/components/Page";
import { Tabs } from "@/components/Tabs";
import { t } from "@/i18n/t";
import { type Address, useAccessAddress } from "@/pages/access/address";
import { DraftBar } from "@/pages/access/DraftBar";
import { exportRules } from "@/pages/access/exportRules";
import { MatrixView } from "@/pages/access/MatrixView";
import { Simulate } from "@/pages/access/Simulate";
import { useLabels } from "@/pages/access/useLabels";

/** Who can see what, what would change it, and why. */
export default function Access() {
  const { data: me } = useQuery(meQuery);
  const rules = useQuery({ ...rulesQuery, enabled: me?.can.manage === true });
  if (me && !me.can.manage) {
    return (
      <Page title={t("access.title")}>
        <Empty icon={Lock} title={t("access.refused.title")} text={t("access.refused.text")} />
      </Page>
    );
  }
  const actions = rules.data && (
    <Button icon={Download} onClick={() => exportRules(rules.data)}>
      {t("access.export")}
    </Button>
  );
  return (
    <Page title={t("access.title")} actions={actions}>
      <Answer query={rules} skeleton={<Lines n={8} className="h-10" />}>
        {(data) => <Views rules={data} />}
      </Answer>
    </Page>
  );
}

function Views({ rules }: { rules: RulesOut }) {
  const [address, change] = useAccessAddress();
  const labels = useLabels();
  const matrix = useQuery(matrixQuery(address.by));
  return (
    <>
      <DraftBar
        rules={rules}
        labels={labels}
        open={address.preview}
        onOpen={(preview) => change({ preview })}
      />
      <Tabs
        label={t("access.title")}
        value={address.view}
        onChange={(view) => change({ view: view as Address["view"] })}
        tabs={[
          {
            value: "matrix",
            label: t("access.matrix"),
            content: () => (
              <Answer query={matrix} skeleton={<Lines n={6} className="h-10" />}>
                {(found) => <MatrixView matrix={found} rules={rules} labels={labels} />}
              </Answer>
            ),
          },
          {
            value: "simulate",
            label: t("access.simulate.title"),
            content: () => <Simulate apps={rules.apps.map(({ app }) => app)} labels={labels} />,
          },
        ]}
      />
    </>
  );
}
